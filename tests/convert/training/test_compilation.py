"""Tests how a graph trains on programs that ran on TF 1.15.5: `fit` goes on where TF1 stopped."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from tf_recipes._support.wrapped_optimizers import from_outside
from tf_recipes.convert.lifting import graph_view, lifter, placeholders
from tf_recipes.convert.predictions import is_label
from tf_recipes.convert.program import built_model, transforms
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.convert.training import compilation, hidden_tensors, state
from tf_recipes.graph import meta_graph
from tf_recipes.graph.structure import Structure

PROGRAMS = Path(__file__).parents[2] / "goldens" / "convert" / "training"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.npz"))
CLOSE = 2e-6  # of the largest entry: roundings of four steps


class Converted:
    """Holds a converted program and its recording."""

    def __init__(self, name):
        with np.load(PROGRAMS / f"{name}.npz") as file:
            arrays = dict(file)
        told = json.loads(str(arrays["told"]))
        self.rows, self.values, self.after = (
            {key.partition("/")[2]: value for key, value in arrays.items() if key.startswith(kind)}
            for kind in ("rows/", "var/", "after/")
        )
        self.losses = arrays["losses"]
        graph = meta_graph.parse(arrays["meta"].tobytes(), name)
        self.structure = Structure(graph, told.get("train_op"))
        structure, outputs = self.structure, told["outputs"]
        labels = [f"{n}:0" for n in structure.placeholders if is_label(structure, f"{n}:0")]
        outputs += hidden_tensors.find(structure, outputs, labels)
        inputs = placeholders.model_inputs(graph_view.GraphView(graph, outputs, []))
        self.inputs = inputs
        view = graph_view.GraphView(graph, outputs, inputs, structure)
        self.lifted = lifter.lift(view, placeholders.values(view, told["feed"]), inputs)
        self.training = compilation.find(
            self.structure, view, self.lifted, self.values, told["feed"]
        )
        self.code = ModelCode(
            self.lifted.program,
            self.lifted.inputs,
            self.lifted.outputs,
            compiled=dict(self.training.compiled),
            functions=self.training.functions,
            keywords=self.training.keywords,
            model_class=self.training.model_class,
        )
        self.model = built_model.build(self.code.source())
        built_model.set_weights(self.code, self.model, self.values)
        self.restored = state.restore(
            self.model, self.code, self.training, self.structure, self.values
        )

    def batch(self, number):
        """Returns the rows of a step, which are one half and the other in turn."""
        half = len(next(iter(self.rows.values()))) // 2
        rows = slice(0, half) if number % 2 == 0 else slice(half, 2 * half)
        x, y = (
            [self.rows[name][rows] for name in names]
            for names in (self.inputs, self.training.labels)
        )
        weight = self.training.sample_weight
        return (
            x if len(x) > 1 else x[0],
            (y if len(y) > 1 else y[0]) if y else None,
            None if weight is None else self.rows[weight][rows],
        )


@pytest.mark.parametrize("name", NAMES)
def test_training_goes_on_where_tf1_stopped(name):
    found = Converted(name)
    lines = [line.strip() for line in found.code.source().splitlines()]
    assert [line for line in LINES.get(name, ()) if line not in lines] == []
    found.model.run_eagerly = True  # to compile a program costs more than four steps of it
    losses = []
    for number in range(3, 7):
        x, y, weight = found.batch(number)
        losses.append(
            found.model.train_on_batch(x, y, sample_weight=weight, return_dict=True)["loss"]
        )
        found.model.reset_metrics()
    np.testing.assert_allclose(np.array(losses, "f8"), found.losses, rtol=2e-6)
    for path, (origin, variable) in built_model.weights(found.code, found.model).items():
        expected = transforms.value_of(origin, found.after, found.code.program.constants)
        got = keras.ops.convert_to_numpy(variable)
        limit = CLOSE * np.abs(expected).max()
        np.testing.assert_allclose(got, expected, rtol=0, atol=limit, err_msg=path)
    for slot, expected, names in state.slot_values(
        found.model, found.code, found.structure, found.after
    ):
        got, limit = (
            keras.ops.convert_to_numpy(slot),
            10 * CLOSE * max(np.abs(expected).max(), 1e-3),
        )
        np.testing.assert_allclose(got, expected, rtol=0, atol=limit, err_msg=str(names))
    # powers of beta, the counter and averages of the weights
    outside = from_outside(found.model.optimizer)
    there = {each.path: each for optimizer in outside for each in optimizer.variables}
    for tf1, path in found.restored.items():
        if found.after[tf1].ndim == 0:
            got = keras.ops.convert_to_numpy(there[path])
            np.testing.assert_allclose(got, found.after[tf1], rtol=1e-6, err_msg=tf1)
    if found.training.averages is not None:
        shadows = found.training.averages.shadows
        after = {name: found.after[shadow] for name, shadow in shadows.items()}
        for origin, variable in built_model.weights(found.code, found.model).values():
            expected = transforms.value_of(origin, after, found.code.program.constants)
            got = keras.ops.convert_to_numpy(outside[0].average(variable))
            np.testing.assert_allclose(got, expected, rtol=0, atol=CLOSE, err_msg=variable.path)
    changed = {n for n, v in found.values.items() if not np.array_equal(v, found.after[n])}
    unset = changed - set(found.restored)
    unset -= {
        n for o, _ in built_model.weights(found.code, found.model).values() for n in o.variables
    }
    assert unset == set()


def test_a_saved_model_trains_as_the_one_that_was_saved(tmp_path):
    """A loss and a schedule that stand in model.py are found again after its import."""
    for name, first in (("weighted_classes", "loss"), ("warm_up", "LearningRate")):
        found = Converted(name)
        assert first in found.code.source()
        found.model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        x, y, _ = found.batch(3)
        for model in (found.model, loaded):
            model.run_eagerly = True
        losses = [float(model.train_on_batch(x, y)) for model in (found.model, loaded)]
        assert losses[0] == losses[1]
        for one, other in zip(found.model.weights, loaded.weights, strict=True):
            np.testing.assert_array_equal(one, other)


# name -> lines of the code; each is the readable form of what the program says
LINES = {
    "two_nets": [
        "action, reward = y",
        "eval_net_q, target_net_q = y_pred",
        "model = TrainedModel([s, s_next], [eval_net_q, target_net_q])",
        "model.compile(optimizer=tf_recipes.RMSProp(0.01, rho=0.9))",
    ],
    "hidden_units": ["out, hidden = y_pred", "return loss + sum(self.losses)"],
    "tags_of_any_length": [
        "steps = keras.ops.cumsum(keras.ops.ones_like(tags[0]), axis=0) - 1",
        "sum_ = keras.ops.sum(keras.ops.where(mask_1, entropy, 0.0))",
    ],
    "policy": [
        "mean, value, log_std = y_pred",
        'log_std = tf_recipes.Weight((1, 2), name="log_std")(state)',
    ],
    "policy_of_resources": ["mean, value, log_std = y_pred"],
    "lengths_and_tags": ["lengths = x[1]", "model = TrainedModel([words, lengths], out)"],
    "discriminator": [
        'maker_out = keras.layers.Dense(5, trainable=False, name="maker_out")(relu)',
        "model = TrainedModel([noise, real], [judge_out, judge_out_1])",
    ],
    "generator": ["return -keras.ops.mean(keras.ops.log(y_pred + 1e-08))"],
    "keras_classes": ["0.1, decay_steps=1, decay_rate=0.01", "momentum=0.9,"],
    "keras_two_outputs": [
        "loss=[keras.losses.Huber(), None],",
        "loss_weights=[0.5, None],",
    ],
    "restarts": ["0.2, first_decay_steps=3, t_mul=1.5, m_mul=0.8, alpha=0.1"],
    "linear_cosine": ["return 0.2 * ((((20.0 - minimum) / 20.0) * mul_2) + 0.001)"],
    "slim_cycles": [
        "0.2, decay_steps=3, end_learning_rate=0.05, power=2.0, cycle=True",
        "clipnorm=0.3,",
    ],
    "optimized_loss": ["global_clipnorm=0.2,"],
    "adadelta": [
        "optimizer=keras.optimizers.Adadelta(",
        "1.5, decay_steps=2, decay_rate=0.7788007830714049, staircase=True",
        "rho=0.9,",
        "epsilon=1e-06,",
    ],
    "ftrl_shrinkage": [
        "learning_rate_power=-0.7,",
        "l2_shrinkage_regularization_strength=0.05,",
        "initial_accumulator_value=0.3,",
    ],
    "nesterov_cosine": ["0.1, decay_steps=20, alpha=0.1", "nesterov=True,"],
    "fed_rate": [
        "optimizer=tf_recipes.RMSProp(",
        "0.01, rho=0.9, momentum=0.2, epsilon=0.0001, centered=True",
    ],
    "piecewise_clipped": ["[2, 5], [0.2, 0.1, 0.02]", "momentum=0.5,"],
    "recurrent_with_averages": ["tf_recipes.Adam(0.05, global_clipnorm=0.3), decay=0.8"],
    "elastic": [
        "kernel_regularizer=keras.regularizers.L1L2(l1=0.003, l2=0.01),",
        "loss=keras.losses.BinaryCrossentropy(from_logits=True),",
        "loss_weights=[2.0],",
    ],
    "smoothed": [
        "loss=keras.losses.CategoricalCrossentropy(",
        "from_logits=True, label_smoothing=0.1",
    ],
    "huber": ["optimizer=keras.optimizers.SGD(0.1), loss=keras.losses.Huber(delta=0.4)"],
    "three_losses": [
        'trunk = keras.layers.Dense(4, activation="tanh", trainable=False, name="trunk")(x)',
        "loss_weights=[2.0, 0.5, 1.0],",
    ],
    "log_of_shares": [
        "neg = -keras.ops.sum(y_true * keras.ops.log(y_pred + 1e-10), axis=1)",
        "return keras.ops.mean(neg)",
    ],
    "weighted_classes": ["return keras.ops.mean(entropy * keras.ops.take(const, y_true, axis=0))"],
    "transformer_rate": [
        'cast = keras.ops.cast(step + 1, "float32")',
        "return 0.1 * (0.35355338 * keras.ops.minimum(cast ** (-0.5), cast * 0.125))",
    ],
}
