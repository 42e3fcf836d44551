"""Finds convolutions of contrib without padding: SAME by default, and valid in Keras."""

from collections.abc import Iterator

from tf_recipes.scan.terms.findings import NUMBERS
from tf_recipes.scan.terms.rule import Advice, Called, Rule

FUNCTIONS = frozenset(
    {
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
    """Yields advice on a convolution whose padding is left to the default."""
    if call.lacks("padding"):
        yield Advice(
            f"{call.name.rpartition('.')[2]} of contrib has padding='SAME' by default; "
            "Keras' convolutions have 'valid'.",
            f"filters={call.text('num_outputs')}, "
            f'kernel_size={call.text("kernel_size")}, padding="same"',
        )


RULE = Rule(
    code="TFR012",
    name="contrib-padding",
    severity=NUMBERS,
    page="defaults.md",
    summary="A convolution of tf.contrib.layers without padding: SAME by default.",
    before=("import tensorflow as tf\ny = tf.contrib.layers.conv2d(x, 32, [5, 5])\n"),
    after=(
        "import tensorflow as tf\ny = tf.contrib.layers.conv2d(x, 32, [5, 5], padding='VALID')\n"
    ),
    functions=FUNCTIONS,
    call=check,
)
