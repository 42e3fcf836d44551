"""The README's code runs, and its tables hold.

Its commands, links and figures are tested with those of the other pages, in tests/docs.
"""

import re
from pathlib import Path

import keras
import numpy as np

import tf_recipes

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def run_block():
    """What the names in the README's piece of Python stand for once it has run."""
    (block,), names = re.findall(r"```python\n(.*?)```", README, re.DOTALL), {}
    exec(compile(block, "README.md", "exec"), names)
    return names


def test_the_model_of_the_readme_trains(digits):
    model = run_block()["model"]
    model.fit(*digits, batch_size=32, epochs=1, verbose=0)
    norms = np.linalg.norm(keras.ops.convert_to_numpy(model.layers[1].kernel), axis=0)
    assert norms.max() <= 1 + 1e-6


def test_names_in_the_table_of_counterparts_are_there():
    table = README[README.index("| TF1 | here |") :].split("\n\n")[0]
    rows = [row.split("|")[2] for row in table.splitlines()[2:]]
    here = [name for row in rows for name in re.findall(r"`(\w+)", row)]
    assert len(here) >= 14
    for name in here:
        assert callable(getattr(tf_recipes, name))


def test_every_cell_of_the_comparison_has_a_page_that_backs_it():
    table = README.partition("## Other ways off TensorFlow 1")[2].strip().split("\n\n")[0]
    rows = [row.strip("|").split("|")[1:] for row in table.splitlines()[2:]]
    assert len(rows) >= 5 and {len(row) for row in rows} == {4}
    assert all("](" in cell for row in rows for cell in row)
