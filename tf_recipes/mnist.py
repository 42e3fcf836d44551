"""Loads MNIST in its original order: the sample that ships with the package, or the whole set."""

import dataclasses
import hashlib
import os
import pathlib
import urllib.request
import zipfile
import zlib
from typing import Any

import numpy as np
from absl import logging
from numpy.typing import DTypeLike, NDArray

from tf_recipes._support import extras, validation
from tf_recipes.recipe import N_INPUTS

SAMPLE = pathlib.Path(__file__).parent / "data" / "mnist_sample.npz"
SOURCES = ("sample", "tfds")  # the values of `data`
N_SAMPLE_TRAIN, N_SAMPLE_TEST = 6000, 1000
N_TRAIN = {"sample": N_SAMPLE_TRAIN, "tfds": 60_000}

_SOURCE = "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz"
_TIMEOUT = 5  # seconds
_Splits = dict[str, tuple[NDArray[Any], NDArray[Any]]]  # {split: (images, labels)}
_REMEDY = (
    "Pass data='sample', or data_dir='DIR' where DIR/mnist is a copy that TensorFlow Datasets "
    "prepared."
)


@dataclasses.dataclass(frozen=True, eq=False)
class Mnist:
    """Holds images of handwritten digits and their labels.

    Args:
        train_images: uint8 (n, 784), row by row, 0 for paper and 255 for ink.
        train_labels: int64 (n,), 0 to 9.
        test_images: uint8 (m, 784).
        test_labels: int64 (m,).

    >>> load().test_images.shape
    (1000, 784)
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def load(data: str = "sample", data_dir: str | os.PathLike[str] | None = None) -> Mnist:
    """Loads MNIST, in the order of the original files.

    TF1: `tf.examples.tutorials.mnist.input_data.read_data_sets`, which also downloaded the files,
    scaled the pixels to [0, 1] and put the first 5,000 training images into a validation set. Here
    the pixels and the training set are those of the original files.

    Args:
        data: `"sample"` for the first 6,000 training and 1,000 test images, which ship with the
            package; `"tfds"` for all 60,000 and 10,000, through TensorFlow Datasets.
        data_dir: the directory in which TensorFlow Datasets keeps its data, the parent of `mnist`.
            None means its default directory; if MNIST is missing there, it is downloaded. Nothing
            is downloaded into a directory passed here.

    Returns:
        A `Mnist`.

    Raises:
        ValueError: for an unknown `data`, or a `data_dir` with the sample.
        OSError: if the data is missing or damaged.

    >>> load().train_labels[:10].tolist()
    [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    """
    validation.choice("data", data, SOURCES)
    if data == "tfds":
        return _load_tfds(data_dir)
    if data_dir is not None:
        validation.fail(
            "The sample ships with the package. It takes no `data_dir`.",
            f"data='sample', data_dir={str(data_dir)!r}",
            "Leave data_dir out, or pass data='tfds'.",
        )
    return _load_sample(SAMPLE)


def pixels(images: NDArray[np.uint8], dtype: DTypeLike) -> NDArray[Any]:
    """Scales images to [0, 1]: casts them to `dtype`, then divides by 255 in this dtype.

    Args:
        images: uint8 (n, 784).
        dtype: such as `"float32"`.

    Returns:
        An array (n, 784) of `dtype`.

    >>> pixels(np.array([[0, 51, 255]], np.uint8), "float64").tolist()
    [[0.0, 0.2, 1.0]]
    """
    return images.astype(dtype) / np.asarray(255, dtype)


def _load_sample(path: pathlib.Path) -> Mnist:
    """Reads the sample and checks it."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return Mnist(
                *_checked(arrays["train_images"], arrays["train_labels"], N_SAMPLE_TRAIN),
                *_checked(arrays["test_images"], arrays["test_labels"], N_SAMPLE_TEST),
            )
    except FileNotFoundError:
        reason = "is missing"
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        reason = f"cannot be read: {_one_line(error)}"
    raise OSError(f"The MNIST sample {path} {reason}. Install the package again.")


def _load_tfds(data_dir: str | os.PathLike[str] | None) -> Mnist:
    """Reads the whole set from a prepared copy, or downloads it into the default directory."""
    # TensorFlow writes lines to the terminal that report no error; hold these back.
    from tf_recipes._support.quiet_tensorflow import quiet

    extras.require("tfds")
    try:
        with quiet():
            splits = _read_tfds(data_dir, download=False)
    except Exception as error:  # of many types; AssertionError means that no copy is prepared
        if not isinstance(error, AssertionError):
            raise _unavailable(data_dir, _one_line(error)) from error
        splits = None
    if splits is None and data_dir is not None:
        raise _unavailable(data_dir, "this directory has no prepared copy")
    if splits is None:
        splits = _download()
    return Mnist(
        *_in_original_order("train", *splits["train"]),
        *_in_original_order("test", *splits["test"]),
    )


def _download() -> _Splits:
    """Downloads MNIST into the default directory and reads it."""
    try:
        # Without a network TensorFlow Datasets tries for minutes. So check the connection first.
        request = urllib.request.Request(_SOURCE, method="HEAD")
        urllib.request.urlopen(request, timeout=_TIMEOUT).close()
        return _read_tfds(None, download=True)
    except Exception as error:
        raise _unavailable(
            None, f"no copy is prepared, and the download failed: {_one_line(error)}"
        ) from error


def _read_tfds(data_dir: str | os.PathLike[str] | None, download: bool) -> _Splits:
    """Reads `{split: (images uint8 (n, 28, 28, 1), labels int64 (n,))}` in the dataset's order."""
    import tensorflow_datasets as tfds  # late, because the import takes a second

    directory = None if data_dir is None else str(data_dir)
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        loaded = tfds.load("mnist", data_dir=directory, download=download, batch_size=-1)
    finally:
        logging.set_verbosity(verbosity)
    return {
        split: (loaded[split]["image"].numpy(), loaded[split]["label"].numpy())
        for split in ("train", "test")
    }


def _in_original_order(
    split: str, images: NDArray[Any], labels: NDArray[Any]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Undoes the dataset's shuffling, so that the sample is the head of the whole set.

    TensorFlow Datasets sorts the examples by the MD5 of the split's name and the original index.
    """
    shuffled = sorted(
        range(len(labels)), key=lambda i: hashlib.md5(f"{split}{i}".encode()).digest()
    )
    position = np.argsort(shuffled)  # original index -> index in the dataset
    return _checked(images.reshape(-1, N_INPUTS)[position], labels[position], len(labels))


def _checked(
    images: NDArray[Any], labels: NDArray[Any], count: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Checks the shapes and dtypes of images and labels; returns the labels as int64.

    Raises:
        ValueError: for another number of images or labels, or another dtype.
    """
    if images.shape != (count, N_INPUTS) or images.dtype != np.uint8:
        raise ValueError(f"its images are {images.dtype} {images.shape}")
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise ValueError(f"its labels are {labels.dtype} {labels.shape}")
    return images, labels.astype(np.int64)


def _unavailable(data_dir: str | os.PathLike[str] | None, reason: str) -> OSError:
    """Returns the error for a directory without MNIST; its text says the reason and remedies."""
    place = "TensorFlow Datasets' default directory" if data_dir is None else repr(str(data_dir))
    return OSError(f"No MNIST in {place}: {reason}. {_REMEDY}")


def _one_line(error: Exception) -> str:
    """Returns the first line of an error's text, or the error's type if it has no text."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")
