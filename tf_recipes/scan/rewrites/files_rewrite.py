"""Rewrites `tf.gfile` as `tf.io.gfile`."""

from collections.abc import Callable

from tf_recipes.knowledge import names
from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import EITHER, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, New

# TF1's arguments, in order, and those of the function that takes its place
_ARGUMENTS = {
    "Copy": {"oldpath": "src", "newpath": "dst", "overwrite": "overwrite"},
    "DeleteRecursively": {"dirname": "path"},
    "Exists": {"filename": "path"},
    "Glob": {"filename": "pattern"},
    "IsDirectory": {"dirname": "path"},
    "ListDirectory": {"dirname": "path"},
    "MakeDirs": {"dirname": "path"},
    "Remove": {"filename": "path"},
}


def _function(name: str) -> Callable[[Call], New]:
    place = names.rows()[f"tf.gfile.{name}"].replacement.strip("`")
    order = _ARGUMENTS[name]

    def make(call: Call) -> New:
        positional = [each for each in order if each in call.positional]
        made = new_arguments.pieces(call, order, {}, positional)
        call.done()
        return New(place, made)

    return make


REWRITE = Rewrite(
    name="files",
    idiom=EITHER,
    summary="`tf.gfile` as `tf.io.gfile`.",
    before=(
        "import tensorflow as tf\n\nif tf.gfile.Exists(filename=path):\n    tf.gfile.Remove(path)\n"
    ),
    after=(
        "import tensorflow as tf\n\n"
        "if tf.io.gfile.exists(path=path):\n"
        "    tf.io.gfile.remove(path)\n"
    ),
    calls={f"tf.gfile.{name}": _function(name) for name in _ARGUMENTS},
    names={
        f"tf.gfile.{name}": names.rows()[f"tf.gfile.{name}"].replacement.strip("`")
        for name in ("GFile", "FastGFile", "Open")
    },
    orders={f"tf.gfile.{name}": list(order) for name, order in _ARGUMENTS.items()},
)
