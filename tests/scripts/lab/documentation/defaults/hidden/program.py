"""Measures TF1's defaults that no signature shows; prints `{name: numbers}` as JSON.

This program runs on TF 1.15 and Python 3.7. The files `keras_*.py` have the measurements of Keras,
under the same names.
"""

import json
import sys

import tensorflow as tf
import tf1_functions  # noqa: F401
import tf1_layers  # noqa: F401
import tf1_losses  # noqa: F401
import tf1_recurrent  # noqa: F401
from tf1_helpers import MEASUREMENTS


def main():
    found = {}
    for name, function in MEASUREMENTS.items():
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            found[name] = function()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
