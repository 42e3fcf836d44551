"""Converts whole programs of TF 1.15.5, trained ones, and compares what both compute."""

import json

import keras
import numpy as np
import pytest
import whole_programs
from whole_programs import EXPECTED, INFERENCE, REFUSED, VERIFY, WHOLE, Program

from tf_recipes.convert.conversion import convert
from tf_recipes.parity.comparison import LIMIT, relative_drift

PROGRAMS = whole_programs.programs()
CONVERTED = [name for name in PROGRAMS if name not in REFUSED]
# Programs whose saved models another process loads: a cell, batch norm, a loss and a layer that
# the code writes, tied weights, and a schedule.
SAVED = ("static_lstm", "resnet_block", "siamese", "tied_autoencoder", "training_flag")


def predicted(model, program, document):
    """Returns `{output: array}` of a model on all rows."""
    batches = {key if ":" in key else f"{key}:0": each for key, each in program.batches.items()}
    rows = [batches[each["tensor"]] for each in document["inputs"]]
    found = model(rows if len(rows) > 1 else rows[0], training=False)
    return dict(zip(document["outputs"], keras.tree.flatten(found), strict=True))


def test_each_program_is_recorded_and_small():
    names = {path.stem for path in (WHOLE / "programs").glob("*.py")}
    assert names == {path.parent.name for path in WHOLE.glob("*/tf1.npz")}
    assert len(names) >= 16 and not names & {path.name for path in VERIFY.iterdir()}
    for name in names:
        size = sum(path.stat().st_size for path in (WHOLE / name).iterdir())
        assert size < 170e3, name
    assert sorted(path.stem for path in EXPECTED.glob("*.py")) == sorted(CONVERTED)


@pytest.mark.parametrize("name", CONVERTED)
def test_a_program_converts_to_the_expected_code_and_to_the_numbers_of_tf1(name):
    program = PROGRAMS[name]
    done, tf1 = whole_programs.converted(program)
    assert done.source == (EXPECTED / f"{name}.py").read_text(encoding="utf-8")
    assert done.passed, str(done)
    assert (done.document["training"] is None) == (name in INFERENCE)
    compared = 0
    for output, value in predicted(done.model, program, done.document).items():
        expected = tf1.get(f"predictions/{output}")
        if expected is not None:
            compared += 1
            epsilon = np.finfo(expected.dtype).eps if expected.dtype.kind == "f" else 0.5
            drift = relative_drift(np.asarray(value), expected)
            assert drift <= LIMIT * max(float(tf1["sensitivity/predictions"]), epsilon), output
    assert compared
