"""Tests that the tables of vanished symbols are those of the TensorFlows that are installed."""

import sys
from pathlib import Path

import tensorflow

import tf_recipes.knowledge
from lab.documentation.symbols import symbol_recording


def test_the_tables_are_up_to_date(tf1_python):
    folder = Path(tf_recipes.knowledge.__file__).parent
    recorded = symbol_recording.record(tf1_python)
    assert recorded["tensorflow"].startswith("1.15")
    made = symbol_recording.tables(recorded)
    if not tensorflow.__version__.startswith("2.21"):
        made = {
            name: text for name, text in made.items() if name not in ("living.tsv", "private.tsv")
        }
    kept = {name: (folder / name).read_text() for name in made}
    if sys.version_info >= (3, 12):
        # Python 3.12 took methods out of unittest.TestCase, from which TensorFlow's inherits.
        made, kept = without_test_case(made), without_test_case(kept)
    assert [name for name, text in made.items() if kept[name] != text] == []


def without_test_case(tables):
    return {
        name: [line for line in text.splitlines() if not line.startswith("tf.test.TestCase.")]
        for name, text in tables.items()
    }
