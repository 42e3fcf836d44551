"""Records small TF1 graphs with their variables and outputs, for the tests of the converter.

Runs on real TensorFlow 1.15 (Python 3.7), from this folder:

    python record_graphs.py [NAME ...]

Each module of `programs/` has `CASES`, `{name: function}`. A function builds a graph and returns
`{"inputs": {tensor: array}, "outputs": [tensors]}` and, where a placeholder is no input, `"feed"`
and `"eval_feed"`, `{tensor: value}` in training and in evaluation. `"train_op"` lists the
operations of a training step. `"run_inputs"` and `"run_outputs"` are tensors of an equal part of
the graph, for operations that TF1 cannot run on a processor. `graphs/NAME.npz` holds the bytes of
the `.meta` file as `meta`, `var/NAME`, `in/NAME`, `out/NAME`, and the feeds as JSON.
"""

import importlib
import json
import pkgutil
import sys

import numpy as np
import programs
import tensorflow as tf


def cases():
    """Returns `{name: function}` of all modules."""
    found = {}
    for module in pkgutil.iter_modules(programs.__path__):
        found.update(importlib.import_module("programs." + module.name).CASES)
    return found


def record(name, build):
    """Writes one graph."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(0)
        made = build()
        rng = np.random.RandomState(1)
        with tf.Session(graph=graph) as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            session.run(tf.tables_initializer())
            for variable in tf.global_variables():  # zeros and ones would hide a mistake
                value = session.run(variable)
                if value.dtype.kind == "f" and value.size > 1:
                    moved = value + 0.1 * rng.randn(*value.shape)
                    name_ = variable.name
                    positive = any(
                        part in name_ for part in ("variance", "Average", "RMSProp", "Adam_1")
                    )
                    moved = np.abs(moved) + 0.1 if positive else moved
                    variable.load(moved.astype(value.dtype), session)
            variables = {v.op.name: session.run(v) for v in tf.global_variables()}
            feeds = dict(made.get("run_inputs", made["inputs"]))
            feeds.update(made.get("eval_feed", {}))
            outputs = session.run(list(made.get("run_outputs", made["outputs"])), feeds)
            saver = tf.train.Saver() if tf.global_variables() else None
            meta = tf.train.export_meta_graph(
                graph=graph, saver_def=saver.as_saver_def() if saver else None
            )
    arrays = {"meta": np.frombuffer(meta.SerializeToString(), np.uint8)}
    arrays.update(("var/" + key, value) for key, value in variables.items())
    arrays.update(("in/" + key, np.asarray(value)) for key, value in made["inputs"].items())
    arrays.update(("out/" + key, value) for key, value in zip(made["outputs"], outputs))
    told = {key: made.get(key, {}) for key in ("feed", "eval_feed", "train_op")}
    arrays["feeds"] = np.array(json.dumps(told))
    np.savez_compressed("graphs/" + name + ".npz", **arrays)
    print(name)


if __name__ == "__main__":
    for name, build in cases().items():
        if name in sys.argv[1:] or not sys.argv[1:]:
            record(name, build)
