"""What the augmentation's original makes of a small image, by given amounts, as JSON on stdout.

`augmentation.json` was written by this on TensorFlow 1.15.5, Python 3.7, CPU, with the package's
root on PYTHONPATH. The image is not square, so that height and width cannot be mistaken for each
other, and has two channels. Amounts: pixels to the right and down, degrees counterclockwise, how
many times as much of the image is shown, shares of white.
"""

import json
import sys

import numpy as np
import tensorflow as tf

from tf_recipes.originals import augmentation

IMAGE = np.random.RandomState(0).randint(0, 256, (5, 4, 2)).astype("uint8")
AMOUNTS = {
    "shift": [[1.0, 0.0], [0.0, -2.0], [0.5, 1.25], [-1.75, 0.5]],
    "rotation": [15.0, -15.0, 100.0, 180.0],
    "zoom": [1.1, 0.9, 1.5, 0.5],
    "brightness": [0.2, -0.2, 0.7],
}


def augmented(images, kind, amounts, interpolation):
    amounts = tf.constant(amounts, tf.float32)
    if kind == "shift":
        return augmentation.shift(images, amounts[:, 0], amounts[:, 1], interpolation)
    if kind == "rotation":
        return augmentation.rotate(images, amounts, interpolation)
    if kind == "zoom":
        return augmentation.zoom(images, amounts, interpolation)
    return augmentation.brighten(images, amounts)


def record(kind, interpolation, dtype):
    """`{"amount", "image"}` for each amount, all of them made in one batch."""
    image = IMAGE / np.float32(255) if dtype == "float32" else IMAGE
    images = np.stack([image] * len(AMOUNTS[kind]))
    with tf.Graph().as_default(), tf.Session() as sess:
        made = sess.run(augmented(tf.constant(images), kind, AMOUNTS[kind], interpolation))
    return [{"amount": a, "image": each.tolist()} for a, each in zip(AMOUNTS[kind], made)]


def main():
    lines = [
        json.dumps({"kind": kind, "interpolation": mode, "dtype": dtype, **each})
        for kind in sorted(AMOUNTS)
        for mode in ([None] if kind == "brightness" else ["NEAREST", "BILINEAR"])
        for dtype in ("float32", "uint8")
        for each in record(kind, mode, dtype)
    ]
    head = f'"tensorflow": "{tf.__version__}", "image": {json.dumps(IMAGE.tolist())}'
    sys.stdout.write('{{{}, "cases": [\n{}\n]}}\n'.format(head, ",\n".join(lines)))


if __name__ == "__main__":
    main()
