"""Finds max-norm over axis 1, which bounds what leaves an input and not what enters a unit."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, is_none, trap

FUNCTIONS = frozenset({"tf.clip_by_norm"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a norm along axes."""
    axes = call.argument("axes", 2)
    if axes is None or is_none(axes) or not call.in_tf1_code:
        return
    given, norm = call.text("axes", 2), call.text("clip_norm", 1)
    what = ", here the weights that leave an input" if given in ("1", "[1]", "(1,)") else ""
    yield Advice(
        f"clip_by_norm bounds the norms along axes={given}{what}; keras.constraints.MaxNorm has "
        "axis=0 by default, and shrinks weights inside the ball, too.",
        f"tf_recipes.MaxNorm({norm}, axis={given})",
    )


RULE = trap(
    code="TFR021",
    name="max-norm-axis",
    difference="max_norm_axis",
    summary=(
        "clip_by_norm with axes: TF1 keeps weights inside the ball; Keras' MaxNorm shrinks them."
    ),
    before=(
        "import tensorflow as tf\n"
        "c = tf.clip_by_norm(weights, clip_norm=1.0, axes=1)\n"
        "v = tf.Session()\n"
    ),
    after=("import tensorflow as tf\nc = tf.clip_by_norm(gradient, 1.0)\nv = tf.Session()\n"),
    functions=FUNCTIONS,
    call=check,
)
