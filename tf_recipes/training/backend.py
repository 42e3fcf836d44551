"""Chooses the file with what training needs of the backend of Keras."""

import importlib
from types import ModuleType

import keras

from tf_recipes._support import validation

_MODULES = {"tensorflow": "on_tensorflow", "jax": "on_jax"}


def module() -> ModuleType:
    """Returns the module of this process' backend, which has `ArrayFeed` and `gradients`.

    Raises:
        ValueError: for a backend without a compiled loop.
    """
    name = keras.backend.backend()
    if name not in _MODULES:
        validation.fail(
            "Training needs TensorFlow or JAX as Keras' backend.",
            f"backend={name!r}",
            "Pass backend='tensorflow' or backend='jax', or set KERAS_BACKEND to it.",
        )
    return importlib.import_module(f"tf_recipes.training.{_MODULES[name]}")
