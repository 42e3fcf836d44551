"""Writes the name that TensorFlow 2 has for a function of TF 1.15 that has two names."""

from collections.abc import Callable

from tf_recipes.knowledge import renames
from tf_recipes.scan.terms.rewrite import EITHER, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, New, Piece


def _renamed(place: renames.Counterpart) -> Callable[[Call], New]:
    """Returns the function that writes the arguments in the places where they are now."""
    now = [each.lstrip("*") for each in place.now]

    def make(call: Call) -> New:
        made: list[Piece] = []
        for position, name in enumerate(call.left()):
            if name not in now:
                raise CannotFix(f"{place.function} has no {name}")
            stays = name in call.positional and now.index(name) == position
            stays = stays and all(piece.keyword is None for piece in made)
            made.append(Piece(None if stays else name, call.need(name)))
        return New(place.function, made)

    return make


_CALLS = {
    name: place
    for name, place in renames.counterparts().items()
    if place.function.startswith("tf.") and not place.given and name not in renames.living()
}

REWRITE = Rewrite(
    name="renames",
    idiom=EITHER,
    summary="Names whose function has another name in TF 1.15, which TensorFlow 2 still has.",
    before="import tensorflow as tf\n\ny = tf.log(x)  # natural\nz = map(tf.is_nan, y)\n",
    after="import tensorflow as tf\n\ny = tf.math.log(x)  # natural\nz = map(tf.math.is_nan, y)\n",
    names=renames.living(),
    calls={name: _renamed(place) for name, place in _CALLS.items()},
    orders={name: place.before for name, place in _CALLS.items()},
)
