"""MNIST in its original order: the sample that ships with the package, or the whole set."""

import dataclasses
import hashlib
import pathlib
import urllib.request
import zipfile
import zlib

import numpy as np
from absl import logging

from tf_recipes._support import validation
from tf_recipes.recipe import N_INPUTS

SAMPLE = pathlib.Path(__file__).parent / "data" / "mnist_sample.npz"
N_SAMPLE_TRAIN, N_SAMPLE_TEST = 6000, 1000

_SOURCE = "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz"
_TIMEOUT = 5  # seconds
_WAYS_OUT = (
    "Take --data=sample (data='sample'), or name a prepared copy with --data_dir=DIR "
    "(data_dir=DIR), where DIR/mnist is what TensorFlow Datasets wrote."
)


@dataclasses.dataclass(frozen=True, eq=False)
class Mnist:
    """Images of handwritten digits.

    Args:
        train_images: uint8 (n, 784), row by row, 0 for paper and 255 for ink.
        train_labels: int64 (n,), 0 to 9.
        test_images: uint8 (m, 784).
        test_labels: int64 (m,).
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load(data="sample", data_dir=None):
    """MNIST, in the order of the original files.

    TF1: `tf.examples.tutorials.mnist.input_data.read_data_sets`, which also downloaded, scaled the
    pixels to [0, 1] and set the last 5,000 training images aside; here the images are as filed.

    Args:
        data: `"sample"` for the first 6,000 training and 1,000 test images, which ship with the
            package; `"tfds"` for all 60,000 and 10,000, through TensorFlow Datasets.
        data_dir: the directory that TensorFlow Datasets keeps its data in, the parent of `mnist`.
            None means its default, into which it downloads MNIST if need be; into a directory
            that is named here it does not.

    Returns:
        A `Mnist`.

    Raises:
        ValueError: for another `data`, or a `data_dir` with the sample.
        OSError: if the data is missing or damaged.

    >>> load().train_labels[:10].tolist()
    [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    """
    validation.choice("data", data, ("sample", "tfds"))
    if data == "tfds":
        return _load_tfds(data_dir)
    if data_dir is not None:
        validation.fail(
            "The sample ships with the package.",
            f"data='sample', data_dir={str(data_dir)!r}",
            "Leave data_dir out, or take --data=tfds (data='tfds').",
        )
    return _load_sample(SAMPLE)


def pixels(images, dtype):
    """Images uint8 (n, 784) as `dtype`, from 0 to 1: divided by 255 in that dtype."""
    return images.astype(dtype) / np.asarray(255, dtype)


def _load_sample(path):
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


def _load_tfds(data_dir):
    # Late, because it takes a second; quiet, because it logs on any healthy machine.
    from tf_recipes._support.quiet_tensorflow import quiet

    try:
        with quiet():
            splits = _read_tfds(data_dir, download=False)
    except Exception as error:  # of many kinds; AssertionError where there is no such data
        if not isinstance(error, AssertionError):
            raise _unavailable(data_dir, _one_line(error)) from error
        splits = None
    if splits is None and data_dir is not None:
        raise _unavailable(data_dir, "there is no prepared MNIST in it")
    if splits is None:
        splits = _download()
    return Mnist(*_in_order("train", *splits["train"]), *_in_order("test", *splits["test"]))


def _download():
    try:
        # TensorFlow Datasets itself tries for minutes before it gives up.
        request = urllib.request.Request(_SOURCE, method="HEAD")
        urllib.request.urlopen(request, timeout=_TIMEOUT).close()
        return _read_tfds(None, download=True)
    except Exception as error:
        raise _unavailable(None, f"none is prepared and none came: {_one_line(error)}") from error


def _read_tfds(data_dir, download):
    """`{split: (images uint8 (n, 28, 28, 1), labels int64 (n,))}` as the dataset has them."""
    import tensorflow_datasets as tfds

    data_dir = None if data_dir is None else str(data_dir)
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        loaded = tfds.load("mnist", data_dir=data_dir, download=download, batch_size=-1)
    finally:
        logging.set_verbosity(verbosity)
    return {
        split: (loaded[split]["image"].numpy(), loaded[split]["label"].numpy())
        for split in ("train", "test")
    }


def _in_order(split, images, labels):
    """Undoes the dataset's shuffling, so that the sample is the head of the whole set.

    TensorFlow Datasets files the example with the original index i by the MD5 of split and i.
    """
    shuffled = sorted(
        range(len(labels)), key=lambda i: hashlib.md5(f"{split}{i}".encode()).digest()
    )
    place = np.argsort(shuffled)  # original index -> where the dataset has it
    return _checked(images.reshape(-1, N_INPUTS)[place], labels[place], len(labels))


def _checked(images, labels, count):
    if images.shape != (count, N_INPUTS) or images.dtype != np.uint8:
        raise ValueError(f"its images are {images.dtype} {images.shape}")
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise ValueError(f"its labels are {labels.dtype} {labels.shape}")
    return images, labels.astype(np.int64)


def _unavailable(data_dir, reason):
    place = "TensorFlow Datasets' default directory" if data_dir is None else repr(str(data_dir))
    return OSError(f"No MNIST in {place}: {reason}. {_WAYS_OUT}")


def _one_line(error):
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")
