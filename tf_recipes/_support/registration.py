"""Makes what this package can save known to Keras, as soon as there is a Keras.

A saved model names its custom classes, and Keras finds them only once their modules have been
imported. This package imports nothing by itself, so that it costs nothing; the modules are imported
when Keras is, whichever of the two comes first.
"""

import importlib
import importlib.abc
import importlib.util
import sys

# The tools that register a class; of the building blocks every public module may do so.
TOOLS = ("tools.features", "tools.linear_heads")
NEED_TENSORFLOW = ("blocks.gradient_clipping", "fast_fit.model")


def modules(backend):
    """The modules to import under a backend of Keras: the blocks that have a public name, and more.

    Args:
        backend: `"tensorflow"`, `"jax"` or `"torch"`.
    """
    named = importlib.import_module("tf_recipes")._NAMES.values()
    found = {name for name in named if name.startswith("blocks.")} | {*TOOLS, *NEED_TENSORFLOW}
    return sorted(found if backend == "tensorflow" else found - {*NEED_TENSORFLOW})


def register():
    """Imports the modules that register something, TensorFlow's only beside TensorFlow."""
    for name in modules(importlib.import_module("keras").backend.backend()):
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
