"""The README's code runs, and its commands name scripts and flags that exist."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

import tf_recipes

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def run_block(number):
    """What the names in the README's piece of Python stand for once it has run."""
    blocks, names = re.findall(r"```python\n(.*?)```", README, re.DOTALL), {}
    assert len(blocks) == 2
    exec(compile(blocks[number], "README.md", "exec"), names)
    return names


def test_the_fast_model_of_the_readme_trains():
    names = run_block(1)
    assert type(names["model"]) is tf_recipes.FastFitModel
    assert len(names["history"].history["val_loss"]) == 2


def test_the_model_of_the_readme_trains(digits):
    model = run_block(0)["model"]
    model.fit(*digits, batch_size=32, epochs=1, verbose=0)
    norms = np.linalg.norm(keras.ops.convert_to_numpy(model.layers[1].kernel), axis=0)
    assert norms.max() <= 1 + 1e-6


@pytest.mark.parametrize("script", sorted(set(re.findall(r"scripts/(\w+)\.py", README))))
def test_each_script_named_is_there_and_has_its_flags(script):
    source = (ROOT / "scripts" / f"{script}.py").read_text()
    shared = (ROOT / "tf_recipes" / "command_line.py").read_text()
    for command in re.findall(rf"scripts/{script}\.py([^`\n]*)", README):
        for flag in re.findall(r"--(\w+)", command):
            assert f'"{flag}"' in source or f'"{flag}"' in shared, f"--{flag}"


def test_names_in_the_table_of_counterparts_are_there():
    import tf_recipes

    table = README[README.index("| TF1 | here |") :].split("\n\n")[0]
    here = [
        name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)", row.split("|")[2])
    ]
    assert len(here) >= 14
    for name in here:
        assert callable(getattr(tf_recipes, name))


def test_the_figures_named_are_there():
    for path in re.findall(r"\]\(((?:docs|tf_recipes)/[^)]+)\)", README):
        assert (ROOT / path).exists(), path
