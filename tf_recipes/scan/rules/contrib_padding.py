"""Finds convolutions of contrib without padding: SAME by default, and valid in Keras."""

from collections.abc import Iterator

from tf_recipes.scan.terms.contrib_functions import CONVOLUTIONS
from tf_recipes.scan.terms.rule import Advice, Called, trap


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a convolution whose padding is left to the default."""
    if call.lacks("padding"):
        yield Advice(
            f"{call.name.rpartition('.')[2]} of contrib has padding='SAME' by default; "
            "Keras' convolutions have 'valid'.",
            f"filters={call.text('num_outputs')}, "
            f'kernel_size={call.text("kernel_size")}, padding="same"',
        )


RULE = trap(
    code="TFR012",
    name="contrib-padding",
    difference="padding",
    summary="A convolution of tf.contrib.layers without padding: SAME by default.",
    before=("import tensorflow as tf\ny = tf.contrib.layers.conv2d(x, 32, [5, 5])\n"),
    after=(
        "import tensorflow as tf\ny = tf.contrib.layers.conv2d(x, 32, [5, 5], padding='VALID')\n"
    ),
    functions=CONVOLUTIONS,
    call=check,
)
