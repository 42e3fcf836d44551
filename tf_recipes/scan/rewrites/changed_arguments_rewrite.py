"""Writes the names that arguments have in TensorFlow 2, where TF 1.15 takes them as well."""

from collections.abc import Callable

from tf_recipes.knowledge import signatures
from tf_recipes.scan.rules.changed_arguments import OWN_RULE, renamed
from tf_recipes.scan.terms.rewrite import EITHER, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, New, Piece


def _renamed(name: str) -> Callable[[Call], New]:
    before, now = ([each.lstrip("*") for each in both] for both in signatures.changed()[name])

    def make(call: Call) -> New:
        made: list[Piece] = []
        given = call.left()
        for position, argument in enumerate(given):
            new = renamed(argument, now)
            if new not in before:
                raise CannotFix(f"{argument} has no counterpart")
            stays = argument in call.positional and now[position : position + 1] == [new]
            stays = stays and all(piece.keyword is None for piece in made)
            made.append(Piece(None if stays else new, call.need(argument)))
        return New(name, made)

    return make


REWRITE = Rewrite(
    name="changed-arguments",
    idiom=EITHER,
    summary="Arguments under the names, and in the places, that TF 1.15 and TensorFlow 2 share.",
    before=(
        "import tensorflow as tf\n\ny = tf.reduce_mean(x, reduction_indices=[1], keep_dims=True)\n"
    ),
    after="import tensorflow as tf\n\ny = tf.reduce_mean(x, axis=[1], keepdims=True)\n",
    calls={name: _renamed(name) for name in signatures.changed() if name not in OWN_RULE},
    orders={name: before for name, (before, _) in signatures.changed().items()},
)
