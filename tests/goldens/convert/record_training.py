"""Records small TF1 programs that train, for the tests of the converter.

Runs on real TensorFlow 1.15 (Python 3.7), from this folder:

    python record_training.py [NAME ...]

Each module of `training_programs/` has `CASES`, `{name: function}`. A function builds a graph whose
training operation is in the collection `train_op`, and returns `{"rows": {tensor: array},
"outputs": [tensors], "loss": tensor}` and, where a placeholder is no input or label, `"feed"`,
`{tensor: value}`, and `"train_op"` where there are several,
or `"step"` where it is in no collection. The program takes 3 steps, is saved,
and takes 4 steps more; each has half of the rows, in turn.
`training/NAME.npz` holds the bytes of the `.meta` file as `meta`, `rows/NAME`, `var/NAME` at the
save, `after/NAME` at the end, `losses` (4,), and the outputs and feeds as JSON in `told`.
"""

import importlib
import json
import pkgutil
import sys

import numpy as np
import tensorflow as tf
import training_programs

BEFORE, AFTER = 3, 4


def cases():
    """Returns `{name: function}` of all modules."""
    found = {}
    for module in pkgutil.iter_modules(training_programs.__path__):
        found.update(importlib.import_module("training_programs." + module.name).CASES)
    return found


def record(name, build):
    """Writes one program."""
    config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(0)
        made = build()
        named = made.get("train_op") or made.get("step")
        if named:
            train_op = graph.get_operation_by_name(named)
        else:
            train_op = tf.get_collection("train_op")[-1]
        half = len(next(iter(made["rows"].values()))) // 2
        with tf.Session(graph=graph, config=config) as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])

            def step(number):
                rows = slice(0, half) if number % 2 == 0 else slice(half, 2 * half)
                feeds = {key: value[rows] for key, value in made["rows"].items()}
                feeds.update(made.get("feed", {}))
                return session.run([made["loss"], train_op], feeds)[0]

            def values():
                return {v.op.name: session.run(v) for v in tf.global_variables()}

            for number in range(BEFORE):
                step(number)
            before = values()
            losses = [step(number) for number in range(BEFORE, BEFORE + AFTER)]
            after = values()
            saver = tf.train.Saver()
            meta = tf.train.export_meta_graph(graph=graph, saver_def=saver.as_saver_def())
    arrays = {"meta": np.frombuffer(meta.SerializeToString(), np.uint8)}
    arrays.update(("rows/" + key, np.asarray(value)) for key, value in made["rows"].items())
    arrays.update(("var/" + key, value) for key, value in before.items())
    arrays.update(("after/" + key, value) for key, value in after.items())
    arrays["losses"] = np.array([np.sum(each) for each in losses])
    told = {"outputs": list(made["outputs"]), "feed": made.get("feed", {})}
    told.update({key: made[key] for key in ("train_op",) if key in made})
    arrays["told"] = np.array(json.dumps(told, sort_keys=True))
    np.savez_compressed("training/" + name + ".npz", **arrays)
    print(name, arrays["losses"])


if __name__ == "__main__":
    for name, build in sorted(cases().items()):
        if name in sys.argv[1:] or not sys.argv[1:]:
            record(name, build)
