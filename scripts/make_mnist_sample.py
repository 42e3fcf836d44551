"""Writes the MNIST sample that ships with the package, from TensorFlow Datasets.

    python scripts/make_mnist_sample.py --output=mnist_sample.npz

The same data gives the same bytes. TensorFlow Datasets downloads MNIST if no copy is prepared.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

import os

import numpy as np
from absl import flags

from tf_recipes import mnist
from tf_recipes._support import files, quiet_tensorflow
from tf_recipes.cli import application
from tf_recipes.cli.output_files import check_output_file

_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Directory where TensorFlow Datasets keeps its data."
)
_OUTPUT = flags.DEFINE_string("output", str(mnist.SAMPLE), "File to write.")


def main():
    """Loads the whole set, and writes its first images and labels."""
    check_output_file("output", _OUTPUT.value)
    quiet_tensorflow.import_tensorflow()
    whole = mnist.load("tfds", data_dir=_DATA_DIR.value)
    with files.replacing(_OUTPUT.value) as partial, open(partial, "wb") as file:
        np.savez_compressed(
            file,
            train_images=whole.train_images[: mnist.N_SAMPLE_TRAIN],
            train_labels=whole.train_labels[: mnist.N_SAMPLE_TRAIN].astype(np.uint8),
            test_images=whole.test_images[: mnist.N_SAMPLE_TEST],
            test_labels=whole.test_labels[: mnist.N_SAMPLE_TEST].astype(np.uint8),
        )
    print(f"{_OUTPUT.value}: {os.path.getsize(_OUTPUT.value)} bytes")


if __name__ == "__main__":
    application.run(main)
