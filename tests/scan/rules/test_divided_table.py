"""Tests that look-ups in several tables are found."""

import pytest

import scanned

HEAD = "import tensorflow as tf\ns = tf.Session()\n"


@pytest.mark.parametrize(
    "code",
    [
        "embedding_lookup([a, b], rows)",
        "embedding_lookup(ids=rows, params=(a, b, c))",
        "embedding_lookup([a, b], rows, 'mod')",
        "embedding_lookup_sparse([a, b], rows, None, combiner='sum')",
    ],
)
def test_several_tables_are_found(tmp_path, code):
    (finding,) = scanned.findings(tmp_path, f"{HEAD}y = tf.nn.{code}\n", "TFR032")
    assert "keras.ops.stack(" in finding.replacement


@pytest.mark.parametrize(
    "code",
    [
        "embedding_lookup(a, rows)",
        "embedding_lookup([a], rows)",
        "embedding_lookup([a, b], rows, 'div')",
        "embedding_lookup([a, b], rows, partition_strategy=given)",
    ],
)
def test_one_table_and_blocks_are_not_found(tmp_path, code):
    assert scanned.findings(tmp_path, f"{HEAD}y = tf.nn.{code}\n", "TFR032") == []
