"""Trains a recipe on MNIST; an interrupted `training.train` continues and loses no bit.

Each name is imported when it is first used, since some of them, such as the figure of a run, do not
need TensorFlow.
"""

import importlib
from typing import Any

_NAMES = {
    "FILES": "results",
    "Interrupted": "signals",
    "LOGS": "results",
    "train": "run",
    "writable": "directory",
}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'tf_recipes.training' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tf_recipes.training.{_NAMES[name]}"), name)
