"""Writes `keras.ops` for operations, in a function that becomes Keras."""

from collections.abc import Callable

from tf_recipes.knowledge import renames
from tf_recipes.scan.terms.rewrite import KERAS, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, New, Piece

# TF1's argument -> the names that Keras has for it, the first that the function has
_SAME = {
    **dict.fromkeys(("a", "input", "input_tensor", "features", "logits", "tensor"), ("x", "x1")),
    **dict.fromkeys(("value", "images", "image"), ("x", "images")),
    "values": ("xs", "x", "values"),
    "x": ("x", "x1"),
    "y": ("x2",),
    "b": ("x2", "b"),
    "reduction_indices": ("axis",),
    "keep_dims": ("keepdims",),
    "squeeze_dims": ("axis",),
    "dim": ("axis",),
    "dimension": ("axis",),
    "perm": ("axes",),
    "shape": ("newshape",),
    "multiples": ("repeats",),
    "paddings": ("pad_width",),
    "block_size": ("block_size",),
    "start": ("start",),
    "limit": ("stop",),
    "delta": ("step",),
}
# Arguments or results are of another kind there.
_OTHER_KIND = frozenset(
    {
        "tf.atan2",
        "tf.cond",
        "tf.constant",
        "tf.custom_gradient",
        "tf.foldl",
        "tf.foldr",
        "tf.map_fn",
        "tf.pad",
        "tf.range",
        "tf.scan",
        "tf.scalar_mul",
        "tf.shape",
        "tf.size",
        "tf.unstack",
        "tf.vectorized_map",
        "tf.while_loop",
    }
)


def _operation(name: str) -> Callable[[Call], New]:
    place = renames.counterparts()[name]
    now = [each.lstrip("*") for each in place.now]

    def make(call: Call) -> New:
        call.drop("name")
        made: list[Piece] = []
        for position, argument in enumerate(call.left()):
            candidates = (argument, *_SAME.get(argument, ()))
            new = next((each for each in candidates if each in now), None)
            if new is None:
                raise CannotFix(f"{place.function} has no {argument}")
            stays = argument in call.positional and now.index(new) == position
            stays = stays and all(piece.keyword is None for piece in made)
            made.append(Piece(None if stays else new, call.need(argument)))
        for each in place.given:
            keyword, _, text = each.partition("=")
            made.append(Piece(keyword, text))
        return New(place.function, made)

    return make


REWRITE = Rewrite(
    name="operations",
    idiom=KERAS,
    summary="Operations as `keras.ops`, in a function that becomes Keras.",
    before=(
        "import tensorflow as tf\n\n\n"
        "def net(x):\n"
        "    return tf.reduce_sum(tf.layers.dense(x, 3), 1, keep_dims=True)\n"
    ),
    after=(
        "import keras\n"
        "import tensorflow as tf\n\n\n"
        "def net(x):\n"
        "    return keras.ops.sum(keras.layers.Dense(3)(x), 1, keepdims=True)\n"
    ),
    calls={
        name: _operation(name)
        for name, place in renames.counterparts().items()
        if place.function.startswith("keras.ops.")
        and "strides" not in place.before
        and name not in _OTHER_KIND
        and not name.startswith("tf.nn.ctc")
    },
    orders={name: place.before for name, place in renames.counterparts().items()},
)
