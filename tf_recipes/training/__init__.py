"""Training a recipe on MNIST; `training.train` goes on where it was stopped, and loses nothing.

Names resolve when they are first used: the figure of a run, for one, needs no TensorFlow.
"""

import importlib

_NAMES = {
    "FILES": "results",
    "Interrupted": "signals",
    "LOGS": "results",
    "train": "run",
    "writable": "directory",
}


def __getattr__(name):
    if name not in _NAMES:
        raise AttributeError(f"module 'tf_recipes.training' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tf_recipes.training.{_NAMES[name]}"), name)
