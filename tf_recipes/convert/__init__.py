"""Converts a TF1 checkpoint to a Keras model, its source code and the proof that they are equal.

`conversion.py` runs a conversion. `lifting/` turns the graph's nodes into steps of a Keras program
by the patterns in `patterns/`, one subject a file. `program/` holds the steps, writes them as
source code and builds the model from that code.

    done = tf_recipes.convert.convert("model.ckpt", "converted")
"""

import importlib

_NAMES = dict.fromkeys(("convert", "Conversion"), "conversion")


def __getattr__(name):
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
