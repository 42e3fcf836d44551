"""Trains one compiled net many times: each seed decides a start and an order of the batches."""

import functools
import time

import keras
import numpy as np

from tf_recipes import models

JIT_COMPILE = "auto"  # argument of `compile` of every net
STARTS = 3  # seeds whose start a `Restarts` remembers


class Restarts:
    """Reuses one compiled model for many trainings, so that it is compiled only once.

    `restarts(seed)` resets the model to the state of `build(seed)`: weights, statistics, random
    generators and optimizer. It returns the same model object in every call.

    Args:
        build: function; `build(seed)` returns a compiled model with the same layers for all seeds.
    """

    def __init__(self, build):
        self._build = build
        self._model = None
        # A model is often trained several times in turn from one seed, at several rates.
        self._start = functools.lru_cache(STARTS)(self._new_start)

    def __call__(self, seed):
        start = self._start(seed)
        for variable, value in zip(_variables(self._model), start, strict=True):
            variable.assign(value)
        return self._model

    def _new_start(self, seed):
        """Returns the values of all variables of `build(seed)`."""
        fresh = self._build(seed)
        fresh.optimizer.build(fresh.trainable_variables)
        if self._model is None:
            self._model = fresh
        return [keras.ops.convert_to_numpy(each).copy() for each in _variables(fresh)]


def build(recipe, seed, port="exact", **compile_arguments):
    """Builds the compiled model of `recipe` with a seed; see `models.build`."""
    compile_arguments = {"jit_compile": JIT_COMPILE, **compile_arguments}
    return models.build(recipe.replace(seed=seed), port, **compile_arguments)


def fit(model, x, y, epochs, seed, held_out=None, **arguments):
    """Calls `model.fit` epoch by epoch; `seed` decides the order of the rows in each epoch.

    Args:
        model: a compiled `keras.Model`.
        x, y: arrays with the same number of rows.
        epochs: int.
        seed: int.
        held_out: `(x, y)` for an evaluation after each epoch, or None.
        **arguments: further arguments of `keras.Model.fit`.

    Returns:
        `{metric: [one figure for each epoch]}`. The names of the metrics on `held_out` begin with
        `val_`. `seconds` is the time of training without evaluation.
    """
    rng, history = np.random.default_rng(seed), {}
    for epoch in range(epochs):
        order = rng.permutation(len(y))
        rows, labels = x[order], y[order]
        began = time.perf_counter()
        place = {"initial_epoch": epoch, "epochs": epoch + 1}
        fitted = model.fit(rows, labels, shuffle=False, verbose=0, **place, **arguments)
        figures = {"seconds": time.perf_counter() - began}
        figures |= {name: values[-1] for name, values in fitted.history.items()}
        if held_out is not None:
            figures |= {f"val_{name}": value for name, value in judge(model, *held_out).items()}
        for name, value in figures.items():
            history.setdefault(name, []).append(float(value))
    return history


def judge(model, x, y):
    """Evaluates a model: returns `loss`, mean cross-entropy in nats, and `accuracy` in [0, 1].

    Args:
        model: a `keras.Model` whose outputs are logits (rows, classes).
        x, y: inputs, and integer labels (rows,).
    """
    outputs = logits(model, x)
    losses = keras.losses.sparse_categorical_crossentropy(y, outputs, from_logits=True)
    right = np.argmax(outputs, axis=-1) == y
    return {"loss": float(np.mean(losses)), "accuracy": float(np.mean(right))}


def accuracy(model, x, y):
    """Returns the share of rows whose largest logit is the label's, in [0, 1]."""
    return judge(model, x, y)["accuracy"]


def logits(model, x):
    """Returns the outputs of `model` for `x` without training: (rows, classes)."""
    # `predict` builds a data pipeline, which takes longer than the forward pass of a small net.
    starts = range(0, len(x), 1000)
    parts = [model(x[start : start + 1000], training=False) for start in starts]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])


def _variables(model):
    """Returns all variables of the layers and of the optimizer."""
    layers = [variable for layer in model.layers for variable in layer.variables]
    return [*layers, *model.optimizer.variables]
