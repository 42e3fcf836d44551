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
    assert len(blocks) == 3
    exec(compile(blocks[number], "README.md", "exec"), names)
    return names


def test_the_fast_model_of_the_readme_trains():
    names = run_block(2)
    assert type(names["model"]) is tf_recipes.FastFitModel
    assert len(names["history"].history["val_loss"]) == 2


def test_what_looks_inside_a_model_sees_it_learn(capsys):
    names = run_block(1)
    norms, dead = (names["history"][f"hidden_of_64/{key}"] for key in ("gradient_norm", "dead"))
    assert capsys.readouterr().out.startswith(f"{norms} {dead}\n")
    assert len(norms) == len(dead) == 2 and min(norms) > 0
    assert 0.01 < float(names["model"].optimizer.learning_rate) < 2
    assert names["history"]["loss"][1] < names["history"]["loss"][0] < 2.3
    assert names["uncertain"].predictive_entropy.shape == (10,)


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

    for heading, least in (("| TF1 | here |", 14), ("| for this | take |", 13)):
        table = README[README.index(heading) :].split("\n\n")[0]
        rows = [row.split("|")[2] for row in table.splitlines()[2:]]
        here = [name for row in rows for name in re.findall(r"`(\w+)", row)]
        assert len(here) >= least
        for name in here:
            assert callable(getattr(tf_recipes, name))


def test_the_figures_named_are_there():
    for path in re.findall(r"\]\(((?:docs|tf_recipes)/[^)]+)\)", README):
        assert (ROOT / path).exists(), path
