"""Trains each port from its program's checkpoint, and compares it with TensorFlow 1.15.

The variables are set by `TABLE`, by hand: the port itself knows no name of TensorFlow 1. In the
repository, with the package installed:

    python tests/goldens/verify/check_ports.py [NAME ...]
    python tests/goldens/verify/check_ports.py --mistakes [NAME ...]

It prints the largest ratio of a drift to the sensitivity, as `tf_recipes.parity.comparison` defines
both; a port follows the program while the ratio is at most 10, and differs with every mistake.
"""

import functools
import importlib.util
import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import ops

import tf_recipes
from tf_recipes.parity.comparison import FARTHEST, LIMIT, relative_drift

HERE = Path(__file__).parent


def halves(kernel, units):
    """Parts TF1's kernel of a recurrent cell into that of the inputs and that of the state."""
    return kernel[:-units], kernel[-units:]


class Parts:
    """Holds how one or more variables of TF1 become one or more of Keras, and back."""

    def __init__(self, keras_paths, to_keras, to_tf1):
        self.keras_paths, self.to_keras, self.to_tf1 = keras_paths, to_keras, to_tf1


def gru_to_keras(gates_kernel, gates_bias, kernel, bias):
    """Returns Keras' kernel, recurrent kernel and bias: update, reset, candidate."""
    units = kernel.shape[1]
    reset, update = np.split(gates_kernel, 2, axis=1)
    reset_bias, update_bias = np.split(gates_bias, 2)
    whole = np.concatenate([update, reset, kernel], axis=1)
    return [*halves(whole, units), np.concatenate([update_bias, reset_bias, bias])]


def gru_to_tf1(kernel, recurrent, bias):
    """Returns TF1's kernels and biases."""
    update, reset, candidate = np.split(np.concatenate([kernel, recurrent]), 3, axis=1)
    update_bias, reset_bias, bias = np.split(bias, 3)
    gates = np.concatenate([reset, update], axis=1)
    return [gates, np.concatenate([reset_bias, update_bias]), candidate, bias]


def same(**layers):
    """Returns `{tf1 scope: layer}` of layers with a kernel and a bias, for contrib's names."""
    return {
        f"{scope}/{tf1}": f"{layer}/{name}"
        for scope, layer in layers.items()
        for tf1, name in (("weights", "kernel"), ("biases", "bias"))
    }


def dense(**layers):
    """Returns the same for the names of `tf.layers`."""
    return {
        f"{scope}/{name}": f"{layer}/{name}"
        for scope, layer in layers.items()
        for name in ("kernel", "bias")
    }


def norm(scope, layer, *names):
    """Returns the names of a batch norm."""
    return {
        f"{scope}/{name}": f"{layer}/{name}"
        for name in ("beta", "moving_mean", "moving_variance", *names)
    }


CELL = "encoder/rnn/gru_cell"
KERAS_GRU = ("kernel", "recurrent_kernel", "bias")
PARTS = [(part, name) for part in ("gates", "candidate") for name in ("kernel", "bias")]
# {program: {name of TF1: path of Keras}}; where several belong together, a tuple and `Parts`
TABLE = {
    "contrib_batch_norm": {
        "hidden1/weights": "hidden1/kernel",
        "hidden2/weights": "hidden2/kernel",
        **same(outputs="outputs"),
        **norm("hidden1/BatchNorm", "hidden1_BatchNorm"),
        **norm("hidden2/BatchNorm", "hidden2_BatchNorm"),
    },
    "layers_conv_dropout": dense(conv1="conv2d", conv2="conv2d_1", fc1="dense", logits="dense_1"),
    "slim_net": {
        f"net/{tf1}": path for tf1, path in same(conv1="conv1", fc1="fc1", logits="logits").items()
    },
    "handwritten_mlp": {
        f"{tf1}{k}": f"{layer}/{name}"
        for k, layer in enumerate(("wide", "narrow", "scores"), start=1)
        for tf1, name in (("W", "kernel"), ("b", "bias"))
    },
    "handwritten_conv": {
        "Variable": "stem/kernel",
        "Variable_1": "stem/bias",
        "Variable_2": "block/kernel",
        "Variable_3": "block/bias",
        "Variable_4": "classifier/kernel",
        "Variable_5": "classifier/bias",
    },
    "training_flag": {
        "conv1/weights": "conv1/kernel",
        "conv2/weights": "conv2/kernel",
        **same(logits="logits"),
        **norm("conv1/BatchNorm", "conv1_BatchNorm", "gamma"),
        **norm("conv2/BatchNorm", "conv2_BatchNorm", "gamma"),
    },
    "tied_autoencoder": {
        "autoencoder/weights1": "encode_1/kernel",
        "autoencoder/biases1": "encode_1/bias",
        "autoencoder/weights2": "encode_2/kernel",
        "autoencoder/biases2": "encode_2/bias",
        "autoencoder/biases3": "decode_2/bias",
        "autoencoder/biases4": "decode_1/bias",
    },
    "two_inputs": dense(
        rooms_hidden="rooms_hidden", place_hidden="place_hidden", joined="joined", price="price"
    ),
    "two_losses": dense(trunk="trunk", kind="kind", size="size"),
    "embedding_rnn": {
        "embedding": "words/embeddings",
        ("rnn/basic_rnn_cell/kernel",): Parts(
            ("reader/simple_rnn_cell/kernel", "reader/simple_rnn_cell/recurrent_kernel"),
            lambda kernel: halves(kernel, 10),
            lambda kernel, recurrent: [np.concatenate([kernel, recurrent])],
        ),
        "rnn/basic_rnn_cell/bias": "reader/simple_rnn_cell/bias",
        **dense(output="verdict"),
    },
    "embedding_gru": {
        "encoder/embedding": "encoder_embedding/embeddings",
        tuple(f"{CELL}/{part}/{name}" for part, name in PARTS): Parts(
            tuple(
                f"encoder_gru/gru_cell/{name}" for name in ("kernel", "recurrent_kernel", "bias")
            ),
            gru_to_keras,
            gru_to_tf1,
        ),
        **dense(output="output"),
    },
    "weights_ema": dense(hidden="hidden", scores="scores"),
    "float64_net": dense(h1="h1", h2="h2", y_hat="y_hat"),
    "clip_value": {
        f"dnn/{tf1}": path
        for tf1, path in same(hidden1="hidden1", hidden2="hidden2", outputs="outputs").items()
    },
    "clip_norm": dense(layer1="a", layer2="b", margin="c"),
    "clip_global_norm": {
        "hidden/w": "body/kernel",
        "hidden/b": "body/bias",
        "softmax/w": "head/kernel",
        "softmax/b": "head/bias",
    },
    "clip_with_l2": dense(hidden="hidden", scores="scores"),
    "clip_before_l2": dense(hidden="hidden", price="price"),
    "max_norm": same(hidden1="hidden1", hidden2="hidden2", outputs="outputs"),
    "shared_weights": {
        "tower/fc1/kernel": "branch/inner/kernel",
        "tower/fc1/bias": "branch/inner/bias",
        "tower/fc2/kernel": "branch/code/kernel",
        "tower/fc2/bias": "branch/code/bias",
    },
    "layers_batch_norm": {
        **dense(dense1="dense1", out="out"),
        **norm("norm1", "norm1", "gamma"),
    },
    "decoupled_decay": dense(body="features", logits="classes"),
    "tf_data_net": dense(conv1="conv1", conv2="conv2", logits="logits"),
    "estimator_net": dense(hidden="first", logits="second"),
}
# With `cell="tf1"` the variables are TF1's own.
OWN_CELL = {
    "encoder/embedding": "encoder_embedding/embeddings",
    **{f"{CELL}/{part}/{name}": f"encoder_gru/cell/{part}_{name}" for part, name in PARTS},
    **dense(output="output"),
}
TRANSPOSED = {
    **TABLE["clip_global_norm"],
    "hidden/w": Parts(("body/kernel",), lambda w: [w.T], lambda kernel: [kernel.T]),
    "softmax/w": Parts(("head/kernel",), lambda w: [w.T], lambda kernel: [kernel.T]),
}
# {program: (placeholders that the inputs are fed, in their order, those of the labels)}
FED = {
    "contrib_batch_norm": (["X"], "y"),
    "layers_conv_dropout": (["images"], "labels"),
    "slim_net": (["images"], "one_hot"),
    "handwritten_mlp": (["x"], "y_"),
    "handwritten_conv": (["x"], "y"),
    "training_flag": (["x"], "y"),
    "tied_autoencoder": (["X"], "X"),
    "two_inputs": (["rooms", "place"], "target"),
    "two_losses": (["x"], {"kind": "kind_label", "size": "size_label"}),
    "embedding_rnn": (["ids", "lengths"], "labels"),
    "embedding_gru": (["words", "lengths"], "labels"),
    "weights_ema": (["x"], "y"),
    "float64_net": (["x"], "y"),
    "clip_value": (["X"], "y"),
    "clip_norm": (["features"], "sign"),
    "clip_global_norm": (["inputs"], "targets"),
    "clip_with_l2": (["x"], "y"),
    "clip_before_l2": (["x"], "y"),
    "max_norm": (["X"], "y"),
    "shared_weights": (["left", "right"], "same"),
    "layers_batch_norm": (["x"], "y"),
    "decoupled_decay": (["x"], "y"),
    "tf_data_net": (["IteratorGetNext:0"], "IteratorGetNext:1"),
    "estimator_net": (["IteratorGetNext:0"], "IteratorGetNext:1"),
}
# {program: the layers that take the draws of TF1, in the order of the draws' names}
DRAWN = {"layers_conv_dropout": ["dropout"], "handwritten_mlp": ["drop_wide", "drop_narrow"]}
# {ending of the names of TF1's slots: attributes of the Keras optimizer, in order}
SLOTS = {
    "Momentum": ["velocity"],
    "Adagrad": ["accumulator"],
    "RMSProp": ["mean_square", "velocity"],
    "Adam": ["m", "v"],
    "AdamW": ["m", "v"],
}


def load(path):
    """Returns the module of a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listed(names):
    """Returns names, or one name, as a tuple."""
    return (names,) if isinstance(names, str) else names


def groups(table):
    """Yields the names of TF1, the paths of Keras, and the functions there and back."""
    for names, paths in table.items():
        if isinstance(paths, Parts):
            yield listed(names), paths.keras_paths, paths.to_keras, paths.to_tf1
        else:
            yield listed(names), (paths,), lambda value: [value], lambda value: [value]


class Ported:
    """Sets and reads the variables of a port by their names in TF1."""

    def __init__(self, model, table):
        self.model, self.table = model, table
        outer = model.optimizer
        outer.build(model.trainable_variables)
        self.averages = outer if hasattr(outer, "inner_optimizer") else None
        self.optimizer = outer.inner_optimizer if self.averages else outer

    def variable(self, path):
        """Returns the variable whose path ends so; a `Sequential` puts its own name before it."""
        (found,) = {
            id(each): each for each in self.model.variables if f"/{each.path}".endswith(f"/{path}")
        }.values()
        return found

    def slots(self):
        """Yields `(ending of TF1's name, {id of a variable: its slot})`."""
        held = getattr(self.optimizer, "_slots", {})
        if hasattr(self.optimizer, "_velocities"):  # Keras' own Adam; others mean other things
            held = {"m": self.optimizer._momentums, "v": self.optimizer._velocities}
        centered = ["mean_square", "mean_gradient", "velocity"]
        for ending, names in SLOTS.items():
            if not held or type(self.optimizer).__name__ != ending:
                continue
            for k, name in enumerate(centered if "mean_gradient" in held else names):
                trained = self.model.trainable_variables
                pairs = {id(each): slot for each, slot in zip(trained, held[name], strict=True)}
                yield f"/{ending}_{k}" if k else f"/{ending}", pairs
        if self.averages:
            trained = self.model.trainable_variables
            yield (
                "/ExponentialMovingAverage",
                {id(each): self.averages.average(each) for each in trained},
            )

    def __iter__(self):
        """Yields the names of TF1, the variables of Keras, and the functions there and back."""
        for names, paths, to_keras, to_tf1 in groups(self.table):
            variables = [self.variable(path) for path in paths]
            yield names, variables, to_keras, to_tf1
            for ending, pairs in self.slots():
                if all(id(each) in pairs for each in variables):
                    slots = [pairs[id(each)] for each in variables]
                    yield [name + ending for name in names], slots, to_keras, to_tf1

    def start(self, values):
        """Sets the weights to the checkpoint's; and what the optimizer holds, if it was trained.

        Before the first step each side has the slots that its own optimizer starts with.
        """
        trained = values.get("global_step", 0) > 0
        for names, variables, to_keras, _ in self:
            if trained or any(each is variables[0] for each in self.model.variables):
                parts = to_keras(*(values[name] for name in names))
                for variable, value in zip(variables, parts, strict=True):
                    variable.assign(value)
        for name, variable in self.counters().items() if trained else ():
            variable.assign(values[name])

    def counters(self):
        """Returns `{name of TF1: variable}` of the step and of Adam's powers."""
        powers = getattr(self.optimizer, "_powers", ())
        counted = {f"beta{k}_power": power for k, power in enumerate(powers, start=1)}
        return {"global_step": self.optimizer.iterations, **counted}

    def read(self):
        """Returns `{name of TF1: value}`."""
        read = {}
        for names, variables, _, to_tf1 in self:
            parts = to_tf1(*(ops.convert_to_numpy(each) for each in variables))
            read.update({name: np.array(part) for name, part in zip(names, parts, strict=True)})
        counted = {name: ops.convert_to_numpy(each) for name, each in self.counters().items()}
        return {**read, **counted}


def feed_masks(model, name, tf1, step):
    """Makes the dropout layers take the masks of a step."""
    draws = sorted(key for key in tf1.files if key.startswith(f"draws/{step}/"))
    for layer_name, key in zip(DRAWN.get(name, ()), draws, strict=True):
        layer = model.get_layer(layer_name)
        rate = layer.rate if hasattr(layer, "rate") else 1 - layer.keep_prob
        mask = tf1[key] >= np.float32(rate)
        if isinstance(layer, tf_recipes.Dropout):
            layer.draw_mask = lambda inputs, mask=mask: mask
        else:
            layer.call = lambda inputs, training=False, mask=mask, rate=rate: (
                ops.where(mask, inputs / (1 - rate), 0) if training else inputs
            )


def compared(name, build, table=None):
    """Returns `{what: (drift, ratio)}` of a port, and what was left uncompared."""
    folder = HERE / name
    with np.load(folder / "tf1.npz") as tf1, np.load(folder / "batches.npz") as batches:
        return _compared(name, build, tf1, batches, table or TABLE[name])


def _compared(name, build, tf1, batches, table):
    keras.utils.clear_session()
    inputs, labels = FED[name]

    def x(rows=slice(None)):
        fed = [batches[each][rows] for each in inputs]
        return fed if len(fed) > 1 else fed[0]

    def y(rows):
        if isinstance(labels, dict):
            return {key: batches[each][rows] for key, each in labels.items()}
        return batches[labels][rows]

    model = build()
    model.run_eagerly = True
    model(x())  # a subclassed model has no variables before
    ported = Ported(model, table)
    ported.start(checkpoint(HERE / name / "model.ckpt"))
    names = json.loads(str(tf1["names"]))
    noise, dtype = names["noise"], tf1["losses"].dtype
    epsilon = float(np.finfo(dtype).eps)

    rows_of = {}

    def judge(what, value, reference, sensitivity, coarsest=0.0):
        drift = relative_drift(value, reference)
        rows_of[what] = drift, drift / max(float(sensitivity), epsilon, coarsest)

    def predict(kind):
        outputs = model(x(), training=False)
        outputs = list(outputs.values()) if isinstance(outputs, dict) else [outputs]
        for tensor, output in zip(names["outputs"], outputs, strict=True):
            value = ops.convert_to_numpy(output)
            judge(f"{kind}/{tensor}", value, tf1[f"{kind}/{tensor}"], tf1[f"sensitivity/{kind}"])

    predict("predictions")
    losses, left = [], set()
    for step, rows in enumerate(tf1["rows"], start=1):
        feed_masks(model, name, tf1, step)
        model.reset_metrics()
        # not `train_on_batch`, whose data have three parts: a step of one's own may expect two
        data = keras.tree.map_structure(ops.convert_to_tensor, (x(rows), y(rows)))
        losses.append(float(model.train_step(data)["loss"]))
        here = f"variables/{step}/"
        recorded = {key[len(here) :] for key in tf1.files if key.startswith(here)}
        if recorded:
            values = ported.read()
            for variable in sorted(recorded & values.keys()):
                if not any(f"{variable}/".startswith(f"{each}/") for each in noise):
                    reference = tf1[f"variables/{step}/{variable}"]
                    sensitivity = tf1[f"sensitivity/{step}"]
                    judge(f"{step}/{variable}", values[variable], reference, sensitivity)
            left |= recorded - values.keys()
    predict("after")
    coarsest = float(np.finfo(np.float32).eps)  # of Keras' metric of the loss
    sensitivity = max(float(tf1["sensitivity"]), float(tf1["sensitivity/losses"]))
    judge("losses", np.array(losses), tf1["losses"], sensitivity, coarsest)
    return rows_of, left


def checkpoint(prefix):
    """Returns `{name: value}` of a checkpoint."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(prefix))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def report(title, rows, left):
    """Prints the worst row and returns whether all match."""
    what = max(rows, key=lambda key: np.nan_to_num(rows[key][1], nan=np.inf))
    drift, ratio = rows[what]
    matches = all(each[1] <= LIMIT and each[0] <= FARTHEST for each in rows.values())
    first = next((key for key, each in rows.items() if not each[1] <= LIMIT), "")
    verdict = "match" if matches else "differs"
    line = f"{title:45} {verdict:8} ratio {ratio:9.3g}, drift {drift:8.2g} at {what}"
    line += f"; first at {first}" if first else ""
    print(line + (f"; not compared: {', '.join(sorted(left))}" if left else ""), flush=True)
    return matches


def check_ports(names):
    """Compares the faithful ports."""
    for name in names or sorted(TABLE):
        port = load(HERE / "ports" / f"{name}.py")
        assert report(name, *compared(name, port.build))
        if name == "embedding_gru":
            build = functools.partial(port.build, cell="tf1")
            assert report(f"{name}, cell='tf1'", *compared(name, build, OWN_CELL))
        if name == "clip_global_norm":
            build = functools.partial(port.build, dense=port.OutInDense)
            assert report(f"{name}, transposed kernels", *compared(name, build, TRANSPOSED))


def check_mistakes(names):
    """Compares the ports with a mistake."""
    for mistake in load(HERE / "mistakes.py").MISTAKES:
        if names and not {mistake.name, mistake.program} & set(names):
            continue
        title = f"{mistake.name} ({mistake.reason})"
        table = OWN_CELL if "own_cell" in mistake.name else None
        try:
            rows, _ = compared(mistake.program, mistake.build, table)
        except ValueError as error:  # a port with other variables
            print(f"{title:45} {str(error).splitlines()[0][:100]}")
        else:
            assert not report(title, rows, ()), f"{title} makes no difference"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--mistakes"]:
        check_mistakes(sys.argv[2:])
    else:
        check_ports(sys.argv[1:])
