import os
import subprocess
import sys

import pytest
from absl import flags

from tf_recipes import catalog
from tf_recipes.cli import command_line

SCRIPT = """
import sys
from absl import flags
from tf_recipes.cli import command_line
flags.DEFINE_string("recipe", "he_init", "")
command_line.define_recipe_flags()
def main():
    {body}
sys.argv[0] = "some/where/script.py"
command_line.run(main)
"""
PRINT = "print(command_line.recipe_from_flags(flags.FLAGS.recipe).name)"


@pytest.fixture(scope="module")
def defined():
    """The recipe flags, defined once in this process."""
    if "hidden" not in flags.FLAGS:
        command_line.define_recipe_flags()


@pytest.fixture
def recipe(defined):
    """`recipe("--l1=0.1", name="momentum")`: the recipe after those flags."""

    def parse(*arguments, name="he_init"):
        forget()
        flags.FLAGS(["test", *arguments])
        return command_line.recipe_from_flags(name)

    def forget():
        for flag in flags.FLAGS:
            flags.FLAGS[flag].unparse()

    yield parse
    forget()


ADAM = {"name": "adam", "learning_rate": 0.001}
CASES = [
    ("he_init", "--hidden=20,10", {"hidden": (20, 10)}),
    ("he_init", "--activation=elu", {"activation": "elu"}),
    ("he_init", "--initializer=xavier", {"initializer": "xavier"}),
    ("he_init", "--batch_norm", {"batch_norm": {}}),
    ("batch_norm", "--batch_norm", {}),
    ("batch_norm", "--nobatch_norm", {"batch_norm": None}),
    ("he_init", "--batch_norm_decay=0.9", {"batch_norm": {"decay": 0.9}}),
    ("he_init", "--batch_norm_scale", {"batch_norm": {"scale": True}}),
    ("batch_norm", "--nobatch_norm_scale", {"batch_norm": {"decay": 0.99, "scale": False}}),
    ("he_init", "--nobatch_norm_center", {"batch_norm": {"center": False}}),
    ("he_init", "--batch_norm_epsilon=0.1", {"batch_norm": {"epsilon": 0.1}}),
    ("he_init", "--max_norm_threshold=2", {"max_norm": {"threshold": 2.0}}),
    ("max_norm", "--max_norm_axes=0", {"max_norm": {"threshold": 1.0, "axes": (0,)}}),
    ("max_norm", "--max_norm_axes=0,1", {"max_norm": {"threshold": 1.0, "axes": (0, 1)}}),
    ("he_init", "--l1=0.1", {"regularizer": {"l1": 0.1}}),
    ("l1", "--l2=0.1", {"regularizer": {"l1": 0.001, "l2": 0.1}}),
    ("he_init", "--keep_prob=0.7", {"keep_prob": 0.7}),
    ("he_init", "--optimizer=adam", {"optimizer": {"name": "adam", "learning_rate": 0.05}}),
    ("adam", "--learning_rate=0.5", {"optimizer": {**ADAM, "learning_rate": 0.5}}),
    (
        "momentum",
        "--momentum=0.5",
        {"optimizer": {"name": "momentum", "learning_rate": 0.05, "momentum": 0.5}},
    ),
    (
        "rmsprop",
        "--rmsprop_decay=0.8",
        {"optimizer": {"name": "rmsprop", "learning_rate": 0.001, "decay": 0.8}},
    ),
    (
        "rmsprop",
        "--centered",
        {"optimizer": {"name": "rmsprop", "learning_rate": 0.001, "centered": True}},
    ),
    ("adam", "--beta1=0.8", {"optimizer": {**ADAM, "beta1": 0.8}}),
    ("adam", "--beta2=0.8", {"optimizer": {**ADAM, "beta2": 0.8}}),
    ("adam", "--epsilon=0.8", {"optimizer": {**ADAM, "epsilon": 0.8}}),
    (
        "adagrad",
        "--initial_accumulator_value=0.8",
        {"optimizer": {"name": "adagrad", "learning_rate": 0.05, "initial_accumulator_value": 0.8}},
    ),
    (
        "exponential_decay",
        "--decay_steps=7",
        {"schedule": {"decay_steps": 7.0, "decay_rate": 0.5}},
    ),
    ("exponential_decay", "--decay_rate=0.1", {"schedule": {"decay_steps": 20, "decay_rate": 0.1}}),
    (
        "exponential_decay",
        "--staircase",
        {"schedule": {"decay_steps": 20, "decay_rate": 0.5, "staircase": True}},
    ),
    ("he_init", "--clip_value=0.1", {"clip_value": 0.1}),
    ("he_init", "--dtype=float64", {"dtype": "float64"}),
    ("he_init", "--batch_size=7", {"batch_size": 7}),
    ("he_init", "--steps=7", {"steps": 7}),
    ("he_init", "--seed=7", {"seed": 7}),
]


@pytest.mark.parametrize(("name", "flag", "changes"), CASES)
def test_each_flag_changes_its_field_alone(recipe, name, flag, changes):
    assert recipe(flag, name=name) == catalog.get(name).replace(**changes)


def test_every_flag_has_a_case():
    tried = {flag.split("=")[0].strip("-").removeprefix("no") for _, flag, _ in CASES}
    assert {*command_line._FIELDS, "batch_norm", "optimizer"} <= tried


def test_flags_go_together(recipe):
    made = recipe("--optimizer=rmsprop", "--rmsprop_decay=0.8", "--momentum=0.1", name="adam")
    assert made.optimizer == {
        "name": "rmsprop",
        "learning_rate": 0.001,
        "decay": 0.8,
        "momentum": 0.1,
    }


def test_without_flags_the_recipe_is_the_catalogs(recipe):
    assert recipe(name="best_practice") is not None
    assert recipe(name="best_practice") == catalog.get("best_practice")
    assert command_line.changed_flags() == {}


def test_a_falsy_value_is_a_change(recipe):
    recipe("--seed=0", "--l1=0", "--nocentered", name="rmsprop")
    assert command_line.changed_flags() == {"seed": 0, "l1": 0.0, "centered": False}


@pytest.fixture
def run_script(run_python_failing):
    def run(body, *arguments):
        return run_python_failing(SCRIPT.format(body=body), *arguments)

    return run


@pytest.fixture
def run_python_failing():
    """Runs code in a new process: `(status, stdout, stderr)`."""

    def run(code, *arguments):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=100,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipe=no_such"], ["`recipe` must be one of adagrad, ", "Received: recipe='no_such'"]),
        (["--keep_prob=0"], ["`keep_prob` must be", "Received: keep_prob=0.0"]),
        (["--learning_rate=nan"], ["`optimizer.learning_rate`", "nan"]),
        (["--optimizer=sgd"], ["`optimizer.name` must be one of", "'sgd'"]),
        (
            ["--beta1=0.5"],
            ["`optimizer` takes the keys learning_rate, name, use_locking.", "unknown key 'beta1'"],
        ),
        (["--hidden=a,b"], ["--hidden takes whole numbers", "Received: 'a,b'."]),
        (["--max_norm_axes=1"], ["`max_norm` needs the key `threshold`"]),
        (["--steps=many"], ["flag --steps=many", "Try --help."]),
        (["--stepss=3"], ["Unknown command line flag 'stepss'", "Try --help."]),
        (["extra", "--steps=3"], ["takes flags only. Received: 'extra'."]),
    ],
)
def test_a_mistake_is_one_line_and_status_2(run_script, arguments, words):
    status, out, errors = run_script(PRINT, *arguments)
    assert (status, out) == (2, "")
    assert errors.startswith("script.py: error: ")
    assert errors.count("\n") == 1, errors
    for word in words:
        assert word in errors


def test_a_good_run(run_script):
    assert run_script(PRINT, "--recipe=adam", "--steps=3") == (0, "adam\n", "")


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ("return 1", 1, ""),
        ("raise KeyboardInterrupt", 130, "script.py: interrupted.\n"),
        (
            "from tf_recipes.training.signals import Interrupted; raise Interrupted('saved', 143)",
            143,
            "script.py: saved\n",
        ),
        ("raise OSError(28, 'No space left')", 2, "script.py: error: [Errno 28] No space left\n"),
        (
            "class TooLarge(Exception): __module__ = 'tensorflow.made_up'\n"
            "    raise TooLarge('out of memory\\nmore')",
            2,
            "script.py: error: TensorFlow cannot do this: out of memory\n",
        ),
        ("raise ImportError('no keras')", 2, "script.py: error: no keras\n"),
        ("raise ValueError('first\\nsecond')", 2, "script.py: error: first second\n"),
    ],
)
def test_how_a_script_ends(run_script, body, status, errors):
    assert run_script(body) == (status, "", errors)


def test_a_bug_is_not_hidden(run_script):
    status, _, errors = run_script("raise KeyError('a bug')")
    assert status == 1
    assert "Traceback" in errors
    assert "KeyError: 'a bug'" in errors


NOISY = """
import os, sys
from tf_recipes.cli import command_line
try:
    with command_line.quiet():
        os.write(2, b"cpu_feature_guard.cc:1] This TensorFlow binary is\\n")
        os.write(2, b"mine, from C\\n")
        print("mine, from Python", file=sys.stderr)
        os.write(2, b"I0000 Compiled cluster using XLA!\\n")
        os.write(2, b"no newline")
        {inside}
except ZeroDivisionError:
    os.write(2, b"; flew")
os.write(2, b"; after, cuda\\n")
"""


@pytest.mark.parametrize(("inside", "flew"), [("pass", ""), ("1 / 0", "; flew")])
def test_quiet_holds_back_noise_and_passes_on_the_rest(run_python_failing, inside, flew):
    status, out, errors = run_python_failing(NOISY.format(inside=inside))
    assert (status, out) == (0, "")
    expected = ["mine, from C", "mine, from Python", f"no newline{flew}; after, cuda"]
    assert errors.splitlines() == expected


def test_quiet_closes_what_it_opened():
    def lowest_free():
        free = os.dup(2)
        os.close(free)
        return free

    before = lowest_free()
    with command_line.quiet():
        pass
    assert lowest_free() == before


def test_tensorflow_starts_without_a_word(run_python_failing):
    code = (
        "from tf_recipes.cli import command_line; print(command_line.import_tensorflow().__name__)"
    )
    status, out, errors = run_python_failing(code)
    assert status == 0
    assert "tensorflow" in out
    assert errors == ""
