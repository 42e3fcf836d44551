"""Rewrites `tf.to_float` and its like as `tf.cast`."""

from collections.abc import Callable

from tf_recipes.knowledge import renames
from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import EITHER, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, New, Piece


def _cast(dtype: str) -> Callable[[Call], New]:
    def make(call: Call) -> New:
        made = new_arguments.pieces(call, {}, {}, ["x"])
        rest = new_arguments.pieces(call, {"name": "name"}, {})
        call.done()
        return New("tf.cast", [*made, Piece(None, f"tf.{dtype}"), *rest])

    return make


REWRITE = Rewrite(
    name="casts",
    idiom=EITHER,
    summary="`tf.to_float` and its like as `tf.cast`.",
    before="import tensorflow as tf\n\ny = tf.to_float(x)\n",
    after="import tensorflow as tf\n\ny = tf.cast(x, tf.float32)\n",
    calls={
        name: _cast(place.given[0].removeprefix("dtype=").strip('"'))
        for name, place in renames.counterparts().items()
        if name.startswith("tf.to_") and place.function == "keras.ops.cast"
    },
    orders={
        name: place.before
        for name, place in renames.counterparts().items()
        if name.startswith("tf.to_")
    },
)
