"""Finds layers of contrib with a normalizer: TF1 then drops the bias, Keras keeps it."""

from collections.abc import Iterator

from tf_recipes.scan.terms.contrib_functions import LAYERS
from tf_recipes.scan.terms.rule import Advice, Called, is_none, trap


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a layer that is normalized."""
    normalizer = call.argument("normalizer_fn")
    if normalizer is not None and not is_none(normalizer):
        yield Advice(
            f"With normalizer_fn, {call.name.rpartition('.')[2]} has no bias, and "
            "biases_initializer "
            "is ignored; a layer of Keras keeps its bias.",
            "a layer with use_bias=False and no activation, then the normalizer, then "
            "the activation",
        )


RULE = trap(
    code="TFR011",
    name="contrib-dropped-bias",
    difference="dropped_bias",
    before=(
        "import tensorflow as tf\n"
        "y = tf.contrib.layers.conv2d(x, 8, 3, normalizer_fn=tf.contrib.layers.batch_norm)\n"
    ),
    after=("import tensorflow as tf\ny = tf.contrib.layers.conv2d(x, 8, 3, normalizer_fn=None)\n"),
    functions=LAYERS,
    call=check,
)
