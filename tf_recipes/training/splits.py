"""Divides the images into training, validation and test images, with pixels in [0, 1]."""

from typing import Any

from numpy.typing import NDArray

from tf_recipes import mnist
from tf_recipes._support import validation

VALIDATION_SHARE = 10  # one tenth of the training images, the last ones, is held out

Rows = tuple[NDArray[Any], NDArray[Any]]  # images and labels


def held_out_count(data: mnist.Mnist) -> int:
    """Returns the number of training images that are held out for validation.

    Raises:
        ValueError: if there are fewer than 10 training images.
    """
    count = len(data.train_labels) // VALIDATION_SHARE
    if count < 1:
        validation.fail(
            f"Training needs at least {VALIDATION_SHARE} images: a tenth is held out.",
            f"{len(data.train_labels)} training images",
            f"Pass data with at least {VALIDATION_SHARE} training images.",
        )
    return count


def split(data: mnist.Mnist, dtype: str) -> tuple[Rows, Rows, Rows]:
    """Returns the training, the validation and the test rows, each as (images, labels)."""
    last = held_out_count(data)
    images = mnist.pixels(data.train_images, dtype)
    return (
        (images[:-last], data.train_labels[:-last]),
        (images[-last:], data.train_labels[-last:]),
        (mnist.pixels(data.test_images, dtype), data.test_labels),
    )
