"""Finds layers of contrib with a normalizer: TF1 then drops the bias, Keras keeps it."""

from collections.abc import Iterator

from tf_recipes.scan.terms.findings import NUMBERS
from tf_recipes.scan.terms.rule import Advice, Called, Rule, is_none

FUNCTIONS = frozenset(
    {
        "tf.contrib.layers.fully_connected",
        "tf.contrib.layers.conv1d",
        "tf.contrib.layers.conv2d",
        "tf.contrib.layers.conv3d",
        "tf.contrib.layers.convolution1d",
        "tf.contrib.layers.convolution2d",
        "tf.contrib.layers.convolution3d",
        "tf.contrib.layers.conv2d_transpose",
        "tf.contrib.layers.conv3d_transpose",
        "tf.contrib.layers.convolution2d_transpose",
        "tf.contrib.layers.convolution3d_transpose",
        "tf.contrib.layers.separable_conv2d",
        "tf.contrib.layers.separable_convolution2d",
    }
)


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


RULE = Rule(
    code="TFR011",
    name="contrib-dropped-bias",
    severity=NUMBERS,
    page="recipes/dense.md",
    summary="A layer of tf.contrib.layers with normalizer_fn: it has no bias.",
    before=(
        "import tensorflow as tf\n"
        "y = tf.contrib.layers.conv2d(x, 8, 3, normalizer_fn=tf.contrib.layers.batch_norm)\n"
    ),
    after=("import tensorflow as tf\ny = tf.contrib.layers.conv2d(x, 8, 3, normalizer_fn=None)\n"),
    functions=FUNCTIONS,
    call=check,
)
