"""Trains a small model without a recipe."""

import io

import keras
import numpy as np
import pytest
from rich.console import Console

from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.training.checkpoints import Checkpoints
from tf_recipes.training.driver import Driver
from tf_recipes.training.feed import Feed
from tf_recipes.training.progress import Progress
from tf_recipes.training.run_state import RunState
from tf_recipes.training.signals import Stop
from tf_recipes.training.variable_state import VariableState

X = np.random.default_rng(0).random((20, 3)).astype("float32")
Y = np.arange(20) % 2


class Training:
    """Holds a model, its `run_state` and its `driver`: 20 rows, 5 steps an epoch."""

    def __init__(self, model, folder, held_out=X, every_steps=None):
        self.model = model
        self.variables = VariableState(model, Y)
        self.checkpoints = Checkpoints(folder, print)
        self.run_state = RunState(self.variables, self.checkpoints, {}, {}, steps_per_epoch=5)
        self.run_state.every_steps = every_steps
        self.stop = Stop()
        self.driver = Driver(
            model,
            self.run_state,
            0,
            Feed(model, "train", X, Y, 4),
            Feed(model, "test", held_out, Y, 8),
            Progress(Console(file=io.StringIO())),
            self.stop,
        )


@pytest.fixture
def small(tmp_path):
    """`small(*layers, learning_rate)` returns a `Training` of the dense layers `a` and `b`.

    The model is compiled without XLA.
    """

    def make(*layers, learning_rate=0.1, loss=None, **options):
        inputs = keras.Input((3,), name="X")
        outputs = keras.layers.Dense(4, name="a")(inputs)
        for layer in layers:
            outputs = layer(outputs)
        model = FastFitModel(inputs, keras.layers.Dense(2, name="b")(outputs))
        model.compile(
            optimizer=keras.optimizers.SGD(learning_rate, momentum=0.9),
            loss=loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=False,
        )
        return Training(model, tmp_path, **options)

    return make
