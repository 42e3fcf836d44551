import os

import pytest

from tf_recipes import catalog
from tf_recipes.parity import trace
from tf_recipes.parity.tf1 import interpreter as tf1

NAME = "record_reference"


def test_a_recipe_is_recorded_as_the_flags_say(run_script, tf1_python, tmp_path):
    status, out, errors = run_script(
        NAME,
        f"--tf1_python={os.path.relpath(tf1_python, tmp_path / 'elsewhere')}",
        "--recipe=momentum_decay,l1",
        "--output_dir=out/traces",
        "--hidden=3",
        "--steps=4",
        "--pool=64",
        "--recorded_steps=2,4,100",
    )
    assert (status, errors) == (0, "")
    folder = tmp_path / "elsewhere" / "out" / "traces"
    assert sorted(os.listdir(folder)) == ["l1.npz", "momentum_decay.npz"]
    assert [line.split(":")[0] for line in out.splitlines()] == [
        "out/traces/momentum_decay.npz",
        "out/traces/l1.npz",
    ]
    for name in ("momentum_decay", "l1"):
        made = trace.load(folder / f"{name}.npz")
        assert made.recipe == catalog.get(name).replace(hidden=(3,), steps=4)
        assert made.steps == (2, 4)
        assert made.images.shape == (64, 784)
        assert made.provenance["tensorflow"].startswith("1.15.")


def test_what_is_drawn_is_recorded(run_script, interpreter, tmp_path):
    """The interpreter gets the module's name and the file to write."""
    python = interpreter('case "$*" in *originals*) echo "$4" > "$5";; *) echo 1.15.5;; esac')
    made = run_script(NAME, f"--tf1_python={python}", "--distributions_out=drawn.npz")
    assert made == (0, "", "")
    text = (tmp_path / "elsewhere" / "drawn.npz").read_text()
    assert text == "tf_recipes.originals.runners.draws\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo 2.21.0", "must have TensorFlow 1.15. Received: 2.21.0."),
        ("echo 'no tensorflow' >&2; exit 1", "does not run TensorFlow (no tensorflow)."),
    ],
)
def test_the_wrong_interpreter(run_script, interpreter, body, reason):
    python = interpreter(body)
    assert run_script(NAME, f"--tf1_python={python}", "--output_dir=out") == (
        2,
        "",
        f"record_reference.py: error: {python}: {reason} {tf1.MAKE_ENVIRONMENT}\n",
    )


def test_no_environment_yet(run_script, tmp_path):
    status, out, errors = run_script(NAME, "--output_dir=out", XDG_CACHE_HOME=tmp_path)
    assert (status, out) == (2, "")
    assert errors.count("\n") == 1
    assert f"{tmp_path}/tf_recipes/tf1/bin/python: does not run TensorFlow" in errors
    assert not (tmp_path / "elsewhere" / "out").exists()


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--output_dir=file", "--output_dir needs the folder 'file', which cannot be made."),
        ("--output_dir=file/below", "--output_dir needs the folder 'file/below'"),
        ("--distributions_out=none/drawn.npz", "none/"),
        ("--recipe=no_such", "Received: --recipe='no_such'."),
        ("--recorded_steps=one", "--recorded_steps takes whole numbers separated by commas."),
        ("--recorded_steps=0", "must be from 1 to the recipe's last, here 100."),
        ("--pool=0", "flag --pool=0"),
    ],
)
def test_what_cannot_be_done_is_one_line(run_script, interpreter, tmp_path, flag, reason):
    python = interpreter("echo 1.15.5")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    status, out, errors = run_script(NAME, f"--tf1_python={python}", "--output_dir=out", flag)
    assert (status, out) == (2, "")
    assert errors.startswith("record_reference.py: error: ")
    assert errors.count("\n") == 1
    assert reason in errors


def test_a_run_that_fails_leaves_no_trace(run_script, interpreter, tmp_path):
    python = interpreter(
        'case "$*" in *originals*) echo "ValueError: no" >&2; exit 1;; *) echo 1.15.5;; esac'
    )
    status, out, errors = run_script(
        NAME, f"--tf1_python={python}", "--output_dir=out", "--recipe=l1"
    )
    assert (status, out) == (2, "")
    text = f"record_reference.py: error: TensorFlow 1.15 failed under {python}: ValueError: no\n"
    assert errors == text
    assert os.listdir(tmp_path / "elsewhere" / "out") == []
