"""Tests how the batches of the loop are gathered from arrays."""

import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.fast_fit import batches
from tf_recipes.fast_fit.arrays import LONGEST

ROWS = np.arange(12.0).reshape(6, 2)  # float64: 2 float32 numbers, 8 bytes, a row


def test_small_data_is_resident_and_large_data_streams():
    assert isinstance(batches.holder((ROWS, None), 2, memory_budget=48), batches.Resident)
    assert isinstance(batches.holder((ROWS, None), 2, memory_budget=47), batches.Streamed)


@pytest.mark.parametrize("budget", [8, 16, 39, 10**6])
def test_a_chunk_streams_its_rows_and_no_more_than_the_budget(budget):
    streamed = batches.Streamed((ROWS, None), batch_size=2, memory_budget=budget)
    assert streamed.steps == max(1, min(LONGEST, budget // 16))
    order = tf.constant([5, 0, 3, 1, 2, 4], tf.int64)
    (data, nothing), rows, first = streamed.chunk(order, 2, 4)
    assert nothing is None
    assert len(data) == streamed.steps * 2  # the same number each time: compiled for a shape
    assert data.numpy()[rows.numpy()[first : first + 2]].tolist() == [[6.0, 7.0], [2.0, 3.0]]


def test_a_resident_chunk_is_the_data_itself():
    resident = batches.Resident((ROWS, None))
    order = tf.constant([5, 0, 3, 1, 2, 4], tf.int64)
    (data, nothing), rows, first = resident.chunk(order, 2, 4)
    assert nothing is None
    assert data.dtype == "float32"
    assert tf.gather(data, rows[first:4]).numpy().tolist() == [[6.0, 7.0], [2.0, 3.0]]
    other, _, _ = resident.chunk(order, 0, 2)
    assert other[0] is data


def test_streaming_reads_a_file_in_place(tmp_path):
    file = np.memmap(tmp_path / "rows", "float32", "w+", shape=(6, 2))
    file[:] = ROWS
    (data,), rows, first = batches.Streamed((file,), 2, 16).chunk(tf.constant([4, 1]), 0, 2)
    assert data.numpy()[rows[first : first + 2]].tolist() == [[8.0, 9.0], [2.0, 3.0]]


def test_floats_become_floatx_and_whole_numbers_stay():
    kinds = ("float64", "float16", "int64", "uint8", "bool")
    expected = ["float32", "float32", "int64", "uint8", "bool"]
    arrays = [np.zeros((3, 1), kind) for kind in kinds]
    data, _, _ = batches.Resident(arrays).chunk(tf.range(3), 0, 3)
    assert [each.dtype.name for each in data] == expected
    specs = batches.specs([*arrays, None], 2)
    assert [spec.dtype.name for spec in specs[:-1]] == expected
    assert [spec.shape for spec in specs[:-1]] == [(2, 1)] * 5
    assert specs[-1] is None


@pytest.mark.parametrize("budget", [48, 8], ids=["resident", "streamed"])
@pytest.mark.parametrize(
    ("labels", "expected"),
    [([0, 1, 2], True), ([0, 3, 1], False), ([0, -1, 1], False), ([0, np.nan, 1], False)],
    ids=str,
)
def test_values_that_are_classes(labels, expected, budget):
    held = batches.holder((np.zeros((3, 2)), np.array(labels), None), 1, budget)
    assert [held.are_classes(1, 3), held.are_classes(1, 9)] == [expected, 3 in labels or expected]


def test_the_operations_of_a_batch_are_named():
    data = {"a": tf.range(3), "b": (None, tf.range(3))}
    traced = tf.function(lambda: batches.gather(data, [0])).get_concrete_function()
    gathers = [op.name for op in traced.graph.get_operations() if op.type == "GatherV2"]
    assert [name.split("/")[-1] for name in gathers] == ["leaf0", "leaf2"]
