"""Tests `tf-recipes convert` from the command line."""

import shutil
import sys
from pathlib import Path

import pytest

import limits
import new_python

COMMAND = "import sys; from tf_recipes.cli.main import main; sys.argv[0] = 'tf-recipes'; main()"
GOLDENS = Path(__file__).parents[1] / "goldens" / "verify" / "clip_value"


@pytest.fixture
def command():
    """`command(*words)` -> (status, stdout, stderr) of `tf-recipes convert`."""

    def run(*words):
        done = new_python.run(
            [sys.executable, "-c", COMMAND, "convert", *map(str, words)],
            variables=new_python.AS_TF1_ADDS,
            check=False,
            capture_output=True,
            text=True,
            timeout=limits.PROCESS,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def checkpoint(tmp_path):
    """The prefix of a checkpoint that TF 1.15 wrote."""
    for path in GOLDENS.glob("model.ckpt*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "model.ckpt"


def test_a_checkpoint_is_converted_and_the_summary_ends_with_the_verdict(
    command, checkpoint, tmp_path
):
    words = (f"--checkpoint={checkpoint}", f"--output_dir={tmp_path / 'out'}", "--steps=2")
    status, printed, errors = command(*words)
    assert (status, errors) == (0, "")
    assert "keras.layers.Dense" in printed and "Left out:" in printed
    *_, verdict, files = printed.rstrip().splitlines()
    assert verdict.startswith("match ") and "2 training steps" in verdict
    assert files.endswith("out: model.keras, model.py, conversion.json, conversion.html")
    status, printed, errors = command(*words)
    assert (status, printed) == (2, "")
    assert errors.startswith("tf-recipes convert: error: The folder of a conversion must be new")
    assert "--output_dir='" in errors and errors.count("\n") == 1


def test_a_dry_run_prints_the_code_and_writes_nothing(command, checkpoint, tmp_path):
    before = sorted(tmp_path.iterdir())
    status, printed, _ = command(f"--checkpoint={checkpoint}", "--dry_run", "--inference")
    assert status == 0
    assert printed.startswith('"""Builds the Keras model of the TF1 checkpoint model.ckpt."""')
    assert "def build():" in printed and "model.compile" not in printed
    assert sorted(tmp_path.iterdir()) == before


def test_the_list_has_every_pattern(command):
    from tf_recipes.convert.lifting import pattern

    status, printed, _ = command("--list")
    assert status == 0
    words = " ".join(printed.split())
    assert all(each.name.split()[0] in words for each in pattern.all_patterns())


def test_a_difference_is_status_1(command, checkpoint, tmp_path):
    port = tmp_path / "port.py"
    port.write_text(
        "import keras\n\n\ndef build():\n"
        "    sizes = [(24, 'tanh'), (12, 'tanh'), (6, None)]\n"
        "    layers = [keras.layers.Dense(*size) for size in sizes]\n"
        "    return keras.Sequential([keras.Input((15,)), *layers])\n"
    )
    status, printed, _ = command(
        f"--checkpoint={checkpoint}", f"--output_dir={tmp_path / 'out'}", f"--model={port}:build"
    )
    assert status == 1 and "DIFFERS" in printed
    assert not (tmp_path / "out" / "model.py").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "--checkpoint is missing."),
        (["--checkpoint=x"], "--output_dir is missing."),
        (["--checkpoint=none", "--output_dir=out"], "PREFIX.meta"),
        (["--checkpoint=.", "--output_dir=out", "--feeds=none"], "--feeds must name a file"),
        (["--checkpoint=.", "--output_dir=out", "--map=m.json"], "--map goes with --model."),
        (["--checkpoint=.", "--output_dir=out", "--model=no.py:f"], "--model must name a file"),
        (["--checkpoint=.", "--output_dir=out", "--feed=x"], "--feed takes NAME=VALUE"),
        (["--checkpoint=.", "--output_dir=/dev/null"], "--output_dir='/dev/null'"),
        (["--checkpoint=.", "--output_dir="], "--output_dir is empty."),
        (["--steps=-1"], "flag --steps=-1"),
        (["more"], "takes flags only."),
    ],
)
def test_what_is_refused(command, words, says):
    status, printed, errors = command(*words)
    assert (status, printed) == (2, "")
    assert says in errors and errors.count("\n") == 1, errors
