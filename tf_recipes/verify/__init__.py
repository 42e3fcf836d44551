"""Verifies any Keras model against any TF1 graph: where the model leaves TF1, and why.

report = tf_recipes.verify.verify("port.py:build", "model.ckpt", "batches.npz")
"""

import importlib

_NAMES = dict.fromkeys(("verify", "assert_migrated", "Report"), "migration")
_NAMES["AmbiguousMap"] = "ambiguous_map"


def __getattr__(name):
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
