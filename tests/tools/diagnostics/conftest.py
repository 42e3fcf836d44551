"""Provides small models whose figures can be computed by hand."""

import keras
import numpy as np
import pytest

X = np.array([[1.0], [3.0]], "float32")
Y = np.zeros((2, 1), "float32")


def chain(*weights, optimizer=None):
    """Returns a chain of single linear units `a`, `b`, ... with these weights and no biases."""
    layers = [
        keras.layers.Dense(
            1, use_bias=False, kernel_initializer=keras.initializers.Constant(w), name=name
        )
        for w, name in zip(weights, "abcdef", strict=False)
    ]
    model = keras.Sequential([keras.Input((1,)), *layers])
    model.compile(optimizer or keras.optimizers.SGD(0.01), "mse", jit_compile=False)
    return model


@pytest.fixture(name="chain")
def chain_fixture():
    return chain


@pytest.fixture
def data():
    """Returns x (2, 1), 1 and 3, and y (2, 1), zeros."""
    return X, Y


@pytest.fixture
def said(monkeypatch):
    """Returns the list of the warnings that are logged, as lines."""
    from absl import logging

    lines = []
    monkeypatch.setattr(logging, "warning", lambda text, *given: lines.append(text % given))
    return lines
