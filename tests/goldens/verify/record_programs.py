"""Records what TensorFlow 1.15 does with each program in `programs/`, from a checkpoint on.

`NAME/` was written by this on TensorFlow 1.15.5, Python 3.7, CPU; with names, only those programs:

    python3.7 tests/goldens/verify/record_programs.py [--programs_dir=DIR] [--output_dir=DIR]
        [--brief] [NAME ...]

`--programs_dir` has other programs, `--output_dir` takes the folders `NAME/`. `--brief` leaves out
the draws, and the variables after the first step, and compresses the `.meta` file with gzip.

A program is ordinary code of TensorFlow 1: `build()` makes the default graph. The operation of a
training step is in the collection `train_op`: optimizers put their update there by themselves, and
where a step does more, the program adds the whole step. Then the collection has several entries,
and the step is the one that runs all the others. Besides a program has

    feeds(rng)     {placeholder: array with one row per example}; a name with a number, such as
                   `IteratorGetNext:0`, is a tensor that is fed in place of its operation's output
    TRAIN, EVAL    {placeholder: scalar}, what else a training step and an evaluation feed
    LOSS, OUTPUTS  a tensor; a list of tensors
    STEPS_BEFORE   how many training steps were taken before the checkpoint (0 if it is not there)
    saver()        the saver of the checkpoint (`tf.train.Saver()` if it is not there)
    train(...)     in place of `build`, for an Estimator, which builds and saves its graph itself
    NOISE          variables whose gradient is zero, or nothing but roundings, because the outputs
                   do not depend on them (none if it is not there)

The files of `NAME/`:

    model.ckpt.*   the checkpoint, as `tf.train.Saver` writes it
    batches.npz    the arrays of `feeds`, named after the placeholders
    tf1.npz        what TensorFlow 1.15 does after the checkpoint is restored:
      rows                       (steps, batch): the rows of `batches.npz` that each step is fed
      predictions/TENSOR         each output on all rows, fed EVAL, before the first step
      after/TENSOR               the same after the last step
      losses                     (steps,): the loss of each step, before its update
      variables/STEP/VAR         all global variables after steps 1 and 6
      draws/STEP/TENSOR          what each random operation of the step drew
      sensitivity/STEP           the largest drift of a variable at that step, of 8 runs whose
                                 trained variables start one ulp away; without NOISE and its slots
      sensitivity/STEP/VAR       the same for one variable
      sensitivity/losses, sensitivity/predictions, sensitivity/after
      sensitivity                the largest of all variables and steps
      feeds                      JSON: {"train": TRAIN, "eval": EVAL}
      names                      JSON: train_op, loss, outputs, noise, provenance

All steps are run in the graph of the `.meta` file, in which even what is drawn inside a `cond` can
be fetched. A tensor's name has its number (`logits:0`), as a file in an archive may have.
"""

import argparse
import glob
import gzip
import importlib.util
import json
import multiprocessing
import os
import platform
import shutil
import sys
import tempfile
import uuid
import zlib

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import variable_pb2
from tensorflow.core.protobuf import control_flow_pb2

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS, BATCH_SIZE, RECORDED, STARTS = 6, 16, (1, 6), 8
TYPICAL = 32.0  # a drift is relative to at most this, in medians of the row and the column
CONTEXTS = {
    "cond_context": control_flow_pb2.CondContextDef,
    "while_context": control_flow_pb2.WhileContextDef,
}
RANDOM = {
    "RandomUniform",
    "RandomUniformInt",
    "RandomStandardNormal",
    "TruncatedNormal",
    "RandomShuffle",
    "Multinomial",
    "RandomGamma",
    "RandomPoissonV2",
}


def one_thread():
    """The configuration of a session whose sums repeat bit for bit."""
    return tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def load(name, programs_dir):
    path = os.path.join(programs_dir, name + ".py")
    spec = importlib.util.spec_from_file_location(name, path)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def fed(rows, scalars):
    """`{name: value}` as `{tensor: value}`."""
    named = dict(rows, **scalars)
    return {key if ":" in key else key + ":0": value for key, value in named.items()}


def runs(fetched):
    """The set of the operations that an operation or tensor needs, itself included."""
    reached, waiting = set(), [getattr(fetched, "op", fetched)]
    while waiting:
        op = waiting.pop()
        if op not in reached:
            reached.add(op)
            waiting += [each.op for each in op.inputs] + list(op.control_inputs)
    return reached


def whole_step(entries):
    """The entry that runs all the others."""
    ops = {getattr(each, "op", each) for each in entries}
    return next(each for each in entries if ops <= runs(each))


def save(program, prefix, rng):
    """Builds the program, takes its first steps, saves it, and returns the feeds."""
    tf.reset_default_graph()
    seed = zlib.crc32(program.__name__.encode())
    # the name of a temporary file is part of the graph of a saver of shards
    uuid.uuid4 = lambda: uuid.UUID(int=seed)
    if hasattr(program, "train"):
        arrays = program.feeds(rng)
        with tempfile.TemporaryDirectory() as folder:
            saved = program.train(folder, arrays, program.STEPS_BEFORE, seed // 2, one_thread())
            for path in glob.glob(saved + ".*"):
                shutil.copyfile(path, prefix + path[len(saved) :])
        _order_attributes(prefix + ".meta")
        return arrays
    tf.set_random_seed(seed)
    program.build()
    arrays = program.feeds(rng)
    saver = program.saver() if hasattr(program, "saver") else tf.train.Saver()
    train_op = whole_step(tf.get_collection("train_op"))
    with tf.Session(config=one_thread()) as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(getattr(program, "STEPS_BEFORE", 0)):
            rows = rng.choice(len(next(iter(arrays.values()))), BATCH_SIZE, replace=False)
            batch = {name: array[rows] for name, array in arrays.items()}
            sess.run(train_op, fed(batch, program.TRAIN))
        saver.save(sess, prefix, write_state=False)
    _order_attributes(prefix + ".meta")
    return arrays


def _order_attributes(path):
    """Writes a `.meta` file again, with what has no order in the same order at every run."""
    meta = tf.MetaGraphDef()
    with open(path, "rb") as file:
        meta.ParseFromString(file.read())
    for name, kind in CONTEXTS.items():
        values = meta.collection_def[name].bytes_list.value if name in meta.collection_def else []
        for i, value in enumerate(values):
            values[i] = kind.FromString(value).SerializeToString(deterministic=True)
    with open(path, "wb") as file:
        file.write(meta.SerializeToString(deterministic=True))


def stored(reader, variable):
    """A variable's value in a checkpoint; a partition is a slice of a whole one."""
    part = variable.save_slice_info_def
    if not part.full_name:
        return reader.get_tensor(variable.variable_name.split(":")[0])
    places = [slice(at, at + n) for at, n in zip(part.var_offset, part.var_shape)]
    return reader.get_tensor(part.full_name)[tuple(places)]


class Restored:
    """The graph of a `.meta` file, without the contexts of its `cond`s, and its checkpoint."""

    def __init__(self, prefix):
        meta = tf.MetaGraphDef()
        with open(prefix + ".meta", "rb") as file:
            meta.ParseFromString(file.read())
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.import_graph_def(meta.graph_def, name="")
        entries = meta.collection_def["train_op"].node_list.value
        self.train_op = whole_step([self.graph.as_graph_element(each) for each in entries]).name
        self.variables = [
            variable_pb2.VariableDef.FromString(each)
            for each in meta.collection_def["variables"].bytes_list.value
        ]
        self.trainable = [
            variable_pb2.VariableDef.FromString(each).variable_name
            for each in meta.collection_def["trainable_variables"].bytes_list.value
        ]
        reader = tf.train.load_checkpoint(prefix)
        self.values = {each.variable_name: stored(reader, each) for each in self.variables}
        self.draws = self._draws()

    def _draws(self):
        """The outputs of the random operations that a training step runs."""
        reached = runs(self.graph.as_graph_element(self.train_op))
        return sorted(op.outputs[0].name for op in reached if op.type in RANDOM)

    def start(self, sess, changed):
        """Sets every variable to the checkpoint's value, or to the changed one."""
        for each in self.variables:
            value = changed.get(each.variable_name, self.values[each.variable_name])
            sess.run(each.initializer_name, {each.initial_value_name: value})

    def read(self, sess):
        names = {each.variable_name: each.snapshot_name for each in self.variables}
        return {name.split(":")[0]: value for name, value in sess.run(names).items()}


def run(restored, program, arrays, batches, changed=(), draws=()):
    """Trains once and returns the arrays of a trace."""
    result, losses, draws = {}, [], dict(draws)
    with tf.Session(graph=restored.graph, config=one_thread()) as sess:
        restored.start(sess, dict(changed))
        for name in program.OUTPUTS:
            result["predictions/" + name] = sess.run(name, fed(arrays, program.EVAL))
        for step, rows in enumerate(batches, start=1):
            feed = fed({name: array[rows] for name, array in arrays.items()}, program.TRAIN)
            for name in restored.draws:
                if draws:
                    feed[name] = draws[f"draws/{step}/{name}"]
            fetches = {"loss": program.LOSS, "draws": {name: name for name in restored.draws}}
            fetched, _ = sess.run([fetches, restored.train_op], feed)
            losses.append(fetched["loss"])
            for name, value in fetched["draws"].items():
                result[f"draws/{step}/{name}"] = value
            if step in RECORDED:
                for name, value in restored.read(sess).items():
                    result[f"variables/{step}/{name}"] = value
        for name in program.OUTPUTS:
            result["after/" + name] = sess.run(name, fed(arrays, program.EVAL))
    result["losses"] = np.array(losses)
    return result


def one_ulp_away(restored, seed):
    """The trained variables, each entry moved to a neighbouring float, up or down at random."""
    random = np.random.RandomState(seed)
    moved = {}
    for name in sorted(restored.trainable):
        value = restored.values[name]
        towards = np.where(random.rand(*value.shape) < 0.5, -np.inf, np.inf)
        moved[name] = np.nextafter(value, towards.astype(value.dtype))
    return moved


def drift(value, reference):
    """The largest of |value - reference| / scale, as `tf_recipes.parity.comparison` has it."""
    value, reference = np.asarray(value, np.float64), np.asarray(reference, np.float64)
    difference, magnitude = np.abs(value - reference), np.abs(reference)
    differs = difference != 0
    if not differs.any():
        return 0.0
    used = np.ma.masked_array(magnitude, (value == 0) & (reference == 0))
    scale = np.full(reference.shape, magnitude.max())
    for axis in range(reference.ndim):
        others = tuple(k for k in range(reference.ndim) if k != axis) or None
        medians = np.ma.median(used, axis=others, keepdims=True)
        scale = np.minimum(scale, TYPICAL * np.ma.filled(medians, np.inf))
    scale = np.maximum(scale, magnitude)
    with np.errstate(divide="ignore"):
        return float(np.max(difference[differs] / scale[differs]))


def sensitivities(restored, program, arrays, batches, reference):
    """The largest drifts of the runs that start one ulp away."""
    largest = {}
    draws = {key: reference[key] for key in reference if key.startswith("draws/")}
    for k in range(STARTS):
        moved = one_ulp_away(restored, k)
        neighbour = run(restored, program, arrays, batches, moved, draws)
        assert all(np.array_equal(neighbour[key], value) for key, value in draws.items())
        for key, value in neighbour.items():
            if not key.startswith("draws/"):
                largest[key] = np.maximum(largest.get(key, 0.0), drift(value, reference[key]))
    result = {"sensitivity/losses": largest.pop("losses")}
    for kind in ("predictions", "after"):
        keys = [key for key in largest if key.startswith(kind + "/")]
        result["sensitivity/" + kind] = max(largest.pop(key) for key in keys)
    noise = getattr(program, "NOISE", ())
    for key, value in largest.items():
        _, step, name = key.split("/", 2)
        result[f"sensitivity/{step}/{name}"] = value
        if not any((name + "/").startswith(each + "/") for each in noise):
            for each in ("sensitivity/" + step, "sensitivity"):
                result[each] = np.maximum(result.get(each, 0.0), value)
    return result


def brief(result):
    """The arrays of a trace without the draws and without the variables after the first steps."""
    left_out = ["draws/"]
    for step in RECORDED[:-1]:
        left_out += [f"variables/{step}/", f"sensitivity/{step}/"]
    return {key: each for key, each in result.items() if not key.startswith(tuple(left_out))}


def compress(path):
    """Replaces a file by `FILE.gz`, which has the same bytes each time."""
    with open(path, "rb") as file:
        content = file.read()
    with open(path + ".gz", "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
        packed.write(content)
    os.remove(path)


def record(name, programs_dir, output_dir, is_brief=False):
    program, directory = load(name, programs_dir), os.path.join(output_dir, name)
    rng = np.random.RandomState(zlib.crc32(name.encode()))
    if not os.path.isdir(directory):
        os.mkdir(directory)
    prefix = os.path.join(directory, "model.ckpt")
    arrays = save(program, prefix, rng)
    restored = Restored(prefix)
    n_rows = len(next(iter(arrays.values())))
    batches = np.array([rng.choice(n_rows, BATCH_SIZE, replace=False) for _ in range(STEPS)])
    result = run(restored, program, arrays, batches)
    result.update(sensitivities(restored, program, arrays, batches, result), rows=batches)
    result["feeds"] = json.dumps({"train": program.TRAIN, "eval": program.EVAL}, sort_keys=True)
    names = {
        "train_op": restored.train_op,
        "loss": program.LOSS,
        "outputs": program.OUTPUTS,
        "noise": getattr(program, "NOISE", []),
        "tensorflow": tf.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    result["names"] = json.dumps(names, sort_keys=True)
    np.savez_compressed(os.path.join(directory, "batches.npz"), **arrays)
    if is_brief:
        result = brief(result)
        compress(prefix + ".meta")
    np.savez_compressed(os.path.join(directory, "tf1.npz"), **result)
    weights = sum(restored.values[each].size for each in restored.trainable)
    sizes = sum(os.path.getsize(os.path.join(directory, each)) for each in os.listdir(directory))
    meta = sum(map(os.path.getsize, glob.glob(prefix + ".meta*")))
    losses = result["losses"]
    print(
        f"{name:20} {weights} weights, {sizes / 1e3:.0f} kB (.meta {meta / 1e3:.0f} kB), "
        f"loss {losses[0]:.4g} -> {losses[-1]:.4g}, sensitivity {result['sensitivity']:.2g}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs_dir", default=os.path.join(HERE, "programs"))
    parser.add_argument("--output_dir", default=HERE)
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args()
    tf.logging.set_verbosity(tf.logging.ERROR)
    every = sorted(each[:-3] for each in os.listdir(given.programs_dir) if each.endswith(".py"))
    for name in given.names or [each for each in every if not each.startswith("_")]:
        # TensorFlow counts some names over the whole process, so each program has a fresh copy
        told = (name, given.programs_dir, given.output_dir, given.brief)
        process = multiprocessing.Process(target=record, args=told)
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(process.exitcode)


if __name__ == "__main__":
    main()
