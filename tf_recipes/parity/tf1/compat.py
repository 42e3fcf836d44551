"""Lends the TF1 originals what they need to run inside TensorFlow 2.

`tensorflow.compat.v1` still has graphs, sessions and TF1's kernels, but no `tensorflow.contrib`;
what is needed of that is in `parity/contrib/`.
"""

import contextlib
import functools
import importlib
import pkgutil
import sys
import types

import tensorflow as tensorflow2

from tf_recipes.parity import contrib

tf = tensorflow2.compat.v1

PACKAGE = "tf_recipes.originals"


def originals():
    """The module `tf_recipes.originals.runners.record`, loaded with this TensorFlow's TF1 API."""
    return original("runners.record")


def original(name):
    """The module `tf_recipes.originals.NAME`, loaded with this TensorFlow's TF1 API."""
    return _loaded()[name]


def run(source, name="<TF1 code>"):
    """Runs TF1 code in the installed TensorFlow, in a graph of its own; returns its variables.

    Args:
        source: Python code that imports `tensorflow`.
        name: what a traceback calls it.
    """
    before, variables = sys.modules["tensorflow"], {"__name__": name}
    sys.modules["tensorflow"] = _tensorflow1()
    try:
        with tf.Graph().as_default():
            exec(compile(source, name, "exec"), variables)
    finally:
        sys.modules["tensorflow"] = before
    return variables


@functools.cache
def _loaded():
    """Every original by name, all of them of one loading."""
    with _modules_apart(PACKAGE):
        sys.modules["tensorflow"] = _tensorflow1()
        package = importlib.import_module(PACKAGE)
        found = pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")
        return {
            each.name.removeprefix(f"{PACKAGE}."): importlib.import_module(each.name)
            for each in found
        }


@contextlib.contextmanager
def _modules_apart(package):
    """Inside, `package` is imported anew and "tensorflow" may stand for another; then undone."""

    def ours():
        return [
            name
            for name in sys.modules
            if name == "tensorflow" or name == package or name.startswith(package + ".")
        ]

    parent, _, child = package.rpartition(".")
    parent = importlib.import_module(parent)
    kept = {name: sys.modules.pop(name) for name in ours()}
    known = vars(parent).pop(child, None)
    try:
        yield
    finally:
        for name in ours():
            del sys.modules[name]
        sys.modules.update(kept)
        vars(parent).pop(child, None)
        if known is not None:
            setattr(parent, child, known)


def _tensorflow1():
    """A module `tensorflow` with TF1's names: `compat.v1` and `contrib`."""
    module = types.ModuleType("tensorflow")
    module.__getattr__ = functools.partial(getattr, tf)
    module.__version__ = tensorflow2.__version__
    module.contrib = contrib.namespace()
    return module
