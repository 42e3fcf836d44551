"""Compares the replacement of `tensorflow.contrib.image` with results of TensorFlow 1.15.5."""

import json
from pathlib import Path

import numpy as np
import pytest

from tf_recipes.parity.tf1 import compat

# Written by goldens/record_augmentation.py on TensorFlow 1.15.5.
GOLDENS = json.loads((Path(__file__).parents[2] / "goldens" / "augmentation.json").read_text())
CASES = [case for case in GOLDENS["cases"] if case["kind"] != "brightness"]

# test_init.py runs these snippets: `{name: (code, result on TF 1.15.5)}`.
SNIPPETS = {
    "one amount for all images": (
        """
images = tf.reshape(tf.range(24.0), (2, 3, 4, 1)) + 1
weights = tf.reshape(tf.range(24.0), (2, 3, 4, 1))
found = [
    total(weights * y) for y in (
        image.rotate(images, 0.5), image.rotate(images, [0.5], "bilinear"),
        image.translate(images, [1.0, 0.0]), image.translate(images, [0.5, -1.0], "BILINEAR"),
        image.transform(images, [1.0, 0.5, 0, 0, 1, 0, 0.1, 0]),
    )
]
""",
        [3726.0, 3738.484, 3444.0, 2516.0, 4692.0],
    ),
    "images of lower rank": (
        """
plain = tf.reshape(tf.range(12.0), (3, 4)) + 1
found = [
    [image.rotate(x, 1.5).shape.as_list(), image.translate(x, [1, 0]).shape.as_list(),
     total(image.rotate(x, 1.5) * x), total(image.translate(x, [1, 0]) * x)]
    for x in (plain, plain[..., None])
]
y = image.transform(plain, [1, 0, 0, 0, 1, 0, 0, 0], "NEAREST", [2, 2])
found += [y.shape.as_list(), total(y)]
""",
        [[[3, 4], [3, 4], 430.0, 480.0], [[3, 4, 1], [3, 4, 1], 430.0, 480.0], [2, 2], 14.0],
    ),
    "images' interpolation": (
        """
y = image.rotate(tf.zeros((1, 2, 2, 1)), [0.5], "bilinear")
found = y.op.type, y.op.get_attr("interpolation").decode()
""",
        ["ImageProjectiveTransformV2", "BILINEAR"],
    ),
    "images refuse": (
        """
images = tf.zeros((2, 3, 4, 1))
found = [
    refused(lambda: image.rotate(images, [[0.5]])),
    refused(lambda: image.translate(images, 1.0)),
    refused(lambda: image.transform(images, [[[1.0, 0, 0, 0, 1, 0, 0, 0]]])),
    refused(lambda: image.rotate(tf.zeros((1, 2, 3, 4, 1)), 0.5)),
    refused(lambda: image.rotate(tf.zeros((3, 4), tf.int16), 0.5)),
]
""",
        [True, True, True, True, True],
    ),
}


def augmented(kind, amount, interpolation, dtype):
    """Returns one image of the original, run with this TensorFlow's TF1 API."""
    original = compat.original("augmentation")
    tf = original.tf
    image = np.array([GOLDENS["image"]], "uint8")
    image = image / np.float32(255) if dtype == "float32" else image
    with tf.Graph().as_default(), tf.Session() as sess:
        amounts = [tf.constant([each], tf.float32) for each in np.atleast_1d(amount)]
        change = {"shift": original.shift, "rotation": original.rotate, "zoom": original.zoom}[kind]
        return sess.run(change(tf.constant(image), *amounts, interpolation))[0]


def test_the_goldens_cover_every_function_both_ways():
    found = {(case["kind"], case["interpolation"], case["dtype"]) for case in CASES}
    assert len(found) == 3 * 2 * 2 and len(CASES) == 48


@pytest.mark.parametrize(
    "case", CASES, ids=lambda c: "-".join(str(v) for v in list(c.values())[:4])
)
def test_images_are_those_of_tf1(case):
    found = augmented(case["kind"], case["amount"], case["interpolation"], case["dtype"])
    assert found.dtype == case["dtype"]
    # The sine of another processor may differ by one ulp.
    np.testing.assert_allclose(found, case["image"], rtol=0, atol=1e-6)


DEFAULTS = """
import numpy as np
import tensorflow as tf

image = np.zeros((1, 3, 3, 1), "float32")
image[0, 1, 2] = 1
with tf.Session() as session:
    moved, turned = session.run([
        tf.contrib.image.translate(image, [[-0.4, 1.0]]),
        tf.contrib.image.rotate(image, [np.pi / 2]),
    ])
"""


def test_by_itself_it_takes_the_nearest_pixel():
    """A shift of 0.4 moves no pixel, a shift of 1 one row; a quarter turn moves right to top."""
    ran = compat.run(DEFAULTS)
    assert np.argwhere(ran["moved"][0, ..., 0]).tolist() == [[2, 2]]
    assert np.argwhere(ran["turned"][0, ..., 0]).tolist() == [[0, 1]]


def test_an_unknown_interpolation_is_refused(fails):
    tf = compat.original("runners.record").tf
    with tf.Graph().as_default(), fails("CUBIC"):
        tf.contrib.image.rotate(tf.zeros((1, 2, 2, 1)), 0.5, "CUBIC")
