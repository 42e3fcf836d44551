"""Nets that are trained again and again: from a start of their own, on batches of their own."""

import time

import keras
import numpy as np

from tf_recipes import models


class Restarts:
    """One compiled model for many trainings: each seed gives it a new start, and nothing compiles.

    Args:
        build: `build(seed)` returns a compiled model; its layers are alike for all seeds.

    `restarts(seed)` returns the model as `build(seed)` would: weights, statistics, generators and
    optimizer. It is the same object each time.
    """

    def __init__(self, build):
        self._build = build
        self._model = None

    def __call__(self, seed):
        fresh = self._build(seed)
        fresh.optimizer.build(fresh.trainable_variables)
        if self._model is None:
            self._model = fresh
        for mine, new in zip(_variables(self._model), _variables(fresh), strict=True):
            mine.assign(new)
        return self._model


def build(recipe, seed, port="exact", **compile_arguments):
    """The compiled model of `recipe` with that seed; see `models.build`."""
    return models.build(recipe.replace(seed=seed), port, **compile_arguments)


def fit(model, x, y, epochs, seed, held_out=None, **arguments):
    """`model.fit`, with the rows in a new order for each epoch, which follows from `seed`.

    Args:
        model: a compiled `keras.Model`.
        x, y: arrays with the same number of rows.
        epochs: int.
        seed: int.
        held_out: `(x, y)` to evaluate on after each epoch, or None.
        **arguments: for `keras.Model.fit`.

    Returns:
        `{metric: [one figure for each epoch]}`, with `val_` before those on `held_out`, and
        `seconds`, what training alone took.
    """
    rng, history = np.random.default_rng(seed), {}
    for epoch in range(epochs):
        order = rng.permutation(len(y))
        rows, labels = x[order], y[order]
        began = time.perf_counter()
        place = {"initial_epoch": epoch, "epochs": epoch + 1}
        done = model.fit(rows, labels, shuffle=False, verbose=0, **place, **arguments)
        figures = {"seconds": time.perf_counter() - began}
        figures |= {name: values[-1] for name, values in done.history.items()}
        if held_out is not None:
            figures |= {f"val_{name}": value for name, value in judge(model, *held_out).items()}
        for name, value in figures.items():
            history.setdefault(name, []).append(float(value))
    return history


def judge(model, x, y):
    """`{"loss": ..., "accuracy": ...}` in evaluation: mean cross-entropy in nats, share in [0, 1].

    Args:
        model: a `keras.Model` with logits (rows, classes) for outputs.
        x, y: inputs, and integer labels (rows,).
    """
    found = logits(model, x)
    losses = keras.losses.sparse_categorical_crossentropy(y, found, from_logits=True)
    right = np.argmax(found, axis=-1) == y
    return {"loss": float(np.mean(losses)), "accuracy": float(np.mean(right))}


def accuracy(model, x, y):
    """Share of the rows whose largest logit is that of their label, in [0, 1]."""
    return judge(model, x, y)["accuracy"]


def logits(model, x):
    """What `model` puts out for `x` in evaluation: (rows, classes)."""
    # `predict` would set up a pipeline, which takes longer than small nets do
    starts = range(0, len(x), 1000)
    parts = [model(x[start : start + 1000], training=False) for start in starts]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])


def _variables(model):
    layers = [variable for layer in model.layers for variable in layer.variables]
    return [*layers, *model.optimizer.variables]
