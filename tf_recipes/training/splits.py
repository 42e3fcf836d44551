"""Training, validation and test images, with pixels in [0, 1]."""

from tf_recipes import mnist
from tf_recipes._support import validation

VALIDATION_SHARE = 10  # the last tenth of the training images is held out


def held_out(data):
    """How many training images are set aside for validation; `ValueError` if there are none."""
    count = len(data.train_labels) // VALIDATION_SHARE
    if count < 1:
        validation.fail(
            f"Training needs at least {VALIDATION_SHARE} images: a tenth is held out.",
            f"{len(data.train_labels)} training images",
            "Give more.",
        )
    return count


def split(data, dtype):
    """(images, labels) three times: training, validation, test."""
    last = held_out(data)
    images = mnist.pixels(data.train_images, dtype)
    return (
        (images[:-last], data.train_labels[:-last]),
        (images[-last:], data.train_labels[-last:]),
        (mnist.pixels(data.test_images, dtype), data.test_labels),
    )
