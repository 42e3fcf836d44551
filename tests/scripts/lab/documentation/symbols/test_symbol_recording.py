"""Tests that the tables of vanished symbols are those of the TensorFlows that are installed."""

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
    assert [name for name, text in made.items() if (folder / name).read_text() != text] == []
