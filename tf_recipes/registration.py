"""Makes what this package can save known to Keras, as soon as there is a Keras.

A saved model names its custom classes, and Keras finds them only once their modules have been
imported. This package imports nothing by itself, so that it costs nothing; the modules are imported
when Keras is, whichever of the two comes first.
"""

import importlib
import importlib.abc
import importlib.util
import sys

# The modules that register a class or a function.
MODULES = (
    "activations",
    "augmentation",
    "batch_norm",
    "dropout",
    "features",
    "initializers",
    "linear_heads",
    "max_norm",
    "optimizers",
    "regularization",
)
TENSORFLOW_MODULES = ("fast_fit.model", "gradient_clipping")


def register():
    """Imports the modules that register something, TensorFlow's only beside TensorFlow."""
    backend = importlib.import_module("keras").backend.backend()
    for name in MODULES + (TENSORFLOW_MODULES if backend == "tensorflow" else ()):
        importlib.import_module("tf_recipes." + name)


def register_with_keras():
    """Registers now if Keras has been imported, else right after it is."""
    if "keras" in sys.modules:
        register()
    elif not any(isinstance(finder, _AfterKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Lends Keras a loader that registers once Keras is there, and then steps aside.

    Somebody may only ask where Keras is, without importing it; then it stays.
    """

    def __init__(self):
        self._asking = False

    def find_spec(self, name, path=None, target=None):
        if name != "keras" or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_register(module):
                run(module)
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                    register()

            spec.loader.exec_module = run_and_register
        return spec
