"""How a command ends: with one line and a status, whatever went wrong."""

import pytest
from absl import flags

from tf_recipes.cli import application

SCRIPT = """
import sys
from absl import flags
from tf_recipes.cli import application, recipe_flags
flags.DEFINE_string("recipe", "he_init", "")
recipe_flags.define()
def main():
    {body}
sys.argv[0] = "some/where/script.py"
application.run(main)
"""
PRINT = "print(recipe_flags.recipe(flags.FLAGS.recipe).name)"


@pytest.fixture
def run_script(run_python_failing):
    def run(body, *arguments):
        return run_python_failing(SCRIPT.format(body=body), *arguments)

    return run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--recipe=no_such"],
            ["`recipe` must be one of adagrad, ", "Received: --recipe='no_such'"],
        ),
        (["--keep_prob=0"], ["`keep_prob` must be", "Received: --keep_prob=0.0"]),
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
        (["--recipe="], ["--recipe is empty. Received: --recipe=. Give it a value, or leave"]),
        (["--recipe", " "], ["--recipe is empty."]),
        (["--hidden="], ["--hidden is empty."]),
        (["--hidden=1,,2"], ["--hidden is empty. Received: --hidden=1,,2."]),
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


@pytest.fixture
def two_flags():
    """The names that `with_flags` knows, in place of all that other tests have defined."""
    values = flags.FlagValues()
    flags.DEFINE_string("output_dir", None, "", flag_values=values)
    flags.DEFINE_string("dir", None, "", flag_values=values)
    return values


@pytest.mark.parametrize(
    ("library", "shown"),
    [
        ("Received: output_dir='x'. Take dir=y.", "Received: --output_dir='x'. Take --dir=y."),
        ("Received: dir=1, epochs=2.", "Received: --dir=1, epochs=2."),
        (
            "optimizer.dir=1, my_dir=2, --dir=3, a/dir=4",
            "optimizer.dir=1, my_dir=2, --dir=3, a/dir=4",
        ),
        ("`dir` must be short, dir = 1", "`dir` must be short, dir = 1"),
        ("Pass dir={'a': 0.5, 'b c': 1}.", "Pass --dir=a=0.5 '--dir=b c=1'."),
        ("Pass dir={…}, or dir={a: 1}.", "Pass --dir={…}, or --dir={a: 1}."),
    ],
)
def test_arguments_are_shown_as_the_flags_that_they_came_from(
    two_flags, monkeypatch, library, shown
):
    monkeypatch.setattr(application.flags, "FLAGS", two_flags)
    assert application.with_flags(library) == shown
