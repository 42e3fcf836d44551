"""Tests what the loop needs to know of the arrays that `fit` gets."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.fast_fit import arrays

ROWS = np.arange(12.0).reshape(6, 2)  # float64: 2 float32 numbers, 8 bytes, a row


def test_row_bytes_are_those_on_the_device():
    labels = np.zeros(6, "int64")
    assert arrays.row_bytes((ROWS, labels, None)) == 2 * 4 + 8
    assert arrays.count((None, labels)) == 6


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ((ROWS, np.zeros(6)), True),
        ((ROWS, None), True),
        (({"a": ROWS, "b": [ROWS]}, np.zeros(6)), True),
        ((tf.constant(ROWS), np.zeros(6)), True),
        ((tf.sparse.from_dense(ROWS), None), False),
        ((keras.KerasTensor((6, 2)), None), False),
        ((ROWS, np.zeros(5)), False),
        ((ROWS, [0, 1, 2, 3, 4, 5]), False),
        ((np.array(["a", "b"]), None), False),
        ((ROWS.astype(complex), None), False),
        ((np.float32(1), None), False),
        ((ROWS[:0], None), False),
        ((None, None), False),
        ((tf.data.Dataset.from_tensors(1), None), False),
    ],
)
def test_what_the_loop_takes(data, expected):
    assert arrays.are_supported(data) is expected


def test_split_holds_the_last_rows_out():
    training, held_out = arrays.split((ROWS, None), 0.4)  # floor(6 * 0.6) = 3
    assert (training[0].tolist(), training[1]) == (ROWS[:3].tolist(), None)
    assert held_out[0].tolist() == ROWS[3:].tolist()


@pytest.mark.parametrize(
    "labels",
    [
        np.array([0, 2, 1, 2]),
        np.array([[0], [2], [1], [2]]),
        keras.utils.to_categorical([0, 2, 1, 2]),
        np.array([0.0, 2.0, 1.0, 2.0]),
    ],
    ids=["classes", "a column", "one-hot", "floats"],
)
def test_class_weights(labels):
    weights = arrays.class_weights(labels, {0: 3.0, 2: 0.5})
    assert (weights.dtype, weights.tolist()) == ("float32", [3.0, 0.5, 1.0, 0.5])
