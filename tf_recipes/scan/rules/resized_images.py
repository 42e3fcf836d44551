"""Finds resized images: TF1 takes the corners of pixels, TensorFlow 2 and Keras their centres."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, trap

NAMES = (
    "resize",
    "resize_bicubic",
    "resize_bilinear",
    "resize_image_with_pad",
    "resize_images",
    "resize_nearest_neighbor",
)
FUNCTIONS = frozenset(f"tf.image.{name}" for name in NAMES)


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a call that is TF1's."""
    if not call.in_tf1_code or call.is_compat:
        return  # what is called through compat.v1 computes what TF1 computed
    last = call.name.rpartition(".")[2]
    place = "resize" if last == "resize_images" else last
    yield Advice(
        f"{last} of TensorFlow 1 takes the corners of pixels; tf.image.resize of TensorFlow 2 and "
        "keras.ops.image.resize take their centres.",
        f"tf.compat.v1.image.{place} with the same arguments, for TF1's numbers",
    )


RULE = trap(
    code="TFR028",
    name="resized-images",
    difference="resized_images",
    before=(
        "import tensorflow as tf\ns = tf.Session()\ny = tf.image.resize_bilinear(images, [4, 4])\n"
    ),
    after=(
        "import tensorflow as tf\n"
        "s = tf.Session()\n"
        "y = tf.image.resize_image_with_crop_or_pad(images, 4, 4)\n"
    ),
    functions=FUNCTIONS,
    call=check,
)
