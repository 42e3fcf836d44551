"""Runs the TF1 originals inside TensorFlow 2.

`tensorflow.compat.v1` still has graphs, sessions and TF1's kernels, but no `tensorflow.contrib`.
The parts of contrib that the originals use are in `parity/contrib/`.
"""

import contextlib
import functools
import importlib
import pkgutil
import sys
import types
from collections.abc import Iterator
from typing import Any

import tensorflow as tensorflow2

from tf_recipes.parity import contrib

tf = tensorflow2.compat.v1

PACKAGE = "tf_recipes.originals"


def originals() -> types.ModuleType:
    """Returns the module `tf_recipes.originals.runners.record`, with this TensorFlow's TF1 API."""
    return original("runners.record")


def original(name: str) -> types.ModuleType:
    """Returns the module `tf_recipes.originals.NAME`, loaded with this TensorFlow's TF1 API."""
    return _loaded()[name]


def run(source: str, name: str = "<TF1 code>") -> dict[str, Any]:
    """Runs TF1 code in a new graph of the installed TensorFlow, and returns its variables.

    Args:
        source: Python code that imports `tensorflow`.
        name: what a traceback calls the code.
    """
    installed, variables = sys.modules["tensorflow"], {"__name__": name}
    sys.modules["tensorflow"] = _tensorflow1()
    try:
        with tf.Graph().as_default():
            exec(compile(source, name, "exec"), variables)
    finally:
        sys.modules["tensorflow"] = installed
    return variables


@functools.cache
def _loaded() -> dict[str, types.ModuleType]:
    """Returns every original by name; they are loaded once, so that they import one another."""
    with _separate_modules(PACKAGE):
        sys.modules["tensorflow"] = _tensorflow1()
        package = importlib.import_module(PACKAGE)
        modules = pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")
        return {
            each.name.removeprefix(f"{PACKAGE}."): importlib.import_module(each.name)
            for each in modules
        }


@contextlib.contextmanager
def _separate_modules(package: str) -> Iterator[None]:
    """Removes `package` and "tensorflow" from the loaded modules, and restores both at the end.

    Inside, an import loads the package once more, and "tensorflow" may be another module.
    """

    def affected() -> list[str]:
        return [
            name
            for name in sys.modules
            if name == "tensorflow" or name == package or name.startswith(package + ".")
        ]

    parent_name, _, child = package.rpartition(".")
    parent = importlib.import_module(parent_name)
    modules = {name: sys.modules.pop(name) for name in affected()}
    attribute = vars(parent).pop(child, None)
    try:
        yield
    finally:
        for name in affected():
            del sys.modules[name]
        sys.modules.update(modules)
        vars(parent).pop(child, None)
        if attribute is not None:
            setattr(parent, child, attribute)


def _tensorflow1() -> types.ModuleType:
    """Makes a module `tensorflow` with TF1's names: those of `compat.v1`, and `contrib`."""
    module = types.ModuleType("tensorflow")
    vars(module).update(
        __getattr__=functools.partial(getattr, tf),
        __version__=tensorflow2.__version__,
        contrib=contrib.namespace(),
    )
    return module
