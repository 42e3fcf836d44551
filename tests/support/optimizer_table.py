"""One table of optimizers under every argument that Keras gives them, on this process' backend.

The numbers to find are those of `goldens/record_optimizer_arguments.py`, on TensorFlow 1.15.5.
"""

import itertools
import json
import runpy
import warnings
from pathlib import Path

import keras
import numpy as np

import tf_recipes

GOLDENS = Path(__file__).parents[1] / "goldens"
TF1 = runpy.run_path(str(GOLDENS / "record_optimizer_arguments.py"))
RECORDED = json.loads((GOLDENS / "optimizer_arguments.json").read_text())
EXPECTED = {tuple(case[:3]): case[3:] for case in RECORDED["cases"]}

MAKE = {
    "gradient_descent": tf_recipes.GradientDescent,
    "momentum": tf_recipes.Momentum,
    "nesterov": lambda rate, **kw: tf_recipes.Momentum(rate, nesterov=True, **kw),
    "adagrad": tf_recipes.Adagrad,
    "rmsprop": lambda rate, **kw: tf_recipes.RMSProp(
        rate, rho=0.8, momentum=0.5, centered=True, **kw
    ),
    "adam": tf_recipes.Adam,
    "momentum_w": lambda rate, **kw: tf_recipes.MomentumW(rate, **{**TF1["DECOUPLED"], **kw}),
    "adam_w": lambda rate, **kw: tf_recipes.AdamW(rate, **{**TF1["DECOUPLED"], **kw}),
}
# What changes nothing of the result; "parts" gives the gradients of the two parts of each batch.
VARIANTS = {
    "whole": {"use_ema": True, "ema_momentum": 0.75},
    "parts": {
        "use_ema": True,
        "ema_momentum": 0.75,
        "loss_scale_factor": 8.0,
        "gradient_accumulation_steps": 2,
    },
}
ROUNDING = 2e-13


def gradients(kind, step, parts, scale):
    """Yields the gradients of the three variables: one list, or one for each part of the batch."""
    given = [(np.array(value), np.array(rows)) for value, rows in TF1["ROWS"][kind][step]]
    dense = np.array(TF1["DENSE"][step])
    if not parts:
        values, rows = zip(*given, strict=True)
        given = [(np.concatenate(values) / 2, np.concatenate(rows))]
        dense = [dense.mean(0)]
    for (values, rows), kernel in zip(given, dense, strict=True):
        yield [sparse(values * scale, rows), keras.ops.array(kernel * scale, "float64"), None]


def sparse(values, rows):
    """Returns the gradient of an embedding, as the backend has it."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.IndexedSlices(tf.constant(values), tf.constant(rows), tf.constant([4, 2]))
    dense = np.zeros((4, 2))
    np.add.at(dense, rows, values)
    return keras.ops.array(dense, "float64")


def variables():
    """Returns the three variables; on JAX a table's rows are known by its name."""
    return [
        keras.Variable(np.array(TF1[name.upper()]), dtype="float64", name=found)
        for name, found in (("table", "embeddings"), ("kernel", "kernel"), ("unused", "unused"))
    ]


def make(name, argument, variant):
    """Returns the optimizer of a case, with a rate that halves at every step."""
    rate = tf_recipes.exponential_decay(TF1["RATE"], 1, 0.5)
    return MAKE[name](rate, **TF1["ARGUMENTS"][argument], **VARIANTS[variant])


def two_steps(name, argument, kind, variant):
    """Returns the variables after two steps; checks the steps' count and the weights' average."""
    optimizer, weights = make(name, argument, variant), variables()
    optimizer.build(weights)
    parts = optimizer.gradient_accumulation_steps
    average = None
    for step in range(2):
        for given in gradients(kind, step, parts, optimizer.loss_scale_factor or 1):
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Gradients do not exist")
                optimizer.apply(given, weights)
        found = [np.copy(keras.ops.convert_to_numpy(each)) for each in weights]
        # Keras' rule: the average begins as the weights after the first step.
        average = [3 / 4 * a + w / 4 for a, w in zip(average or found, found, strict=True)]
    assert int(optimizer.iterations) == 2
    averages = optimizer._model_variables_moving_average
    for ours, rule in zip(averages, average, strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(ours), rule, rtol=1e-14)
    return found


def distance(found, case):
    """Returns the largest relative difference of variables from those of TF1."""
    expected = map(np.array, EXPECTED[case])
    return max(np.max(np.abs(a / b - 1)) for a, b in zip(found, expected, strict=True))


def differing(kind, variants=VARIANTS):
    """Returns `{case: distance}` of the cases that differ from TF1."""
    cases = [case for case in EXPECTED if case[2] == kind]
    found = {
        (*case, variant): float(distance(two_steps(*case, variant), case))
        for case, variant in itertools.product(cases, variants)
    }
    assert len(found) == 38 * len(variants)
    return {case: value for case, value in found.items() if not value <= ROUNDING}
