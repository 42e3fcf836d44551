"""The installed command: its subcommands, their help, and what it says of a wrong word."""

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

import limits
import tf_recipes
from tf_recipes.cli import main
from tf_recipes.parity import verdict

SETUP = Path(tf_recipes.__file__).parents[1] / "setup.cfg"
COMMAND = "import sys; from tf_recipes.cli.main import main; sys.argv[0] = 'tf-recipes'; main()"


@pytest.fixture
def command(run_python_failing):
    """`command(*words)` -> (status, stdout, stderr) of `tf-recipes`."""
    return lambda *words: run_python_failing(COMMAND, *words)


def test_the_package_installs_it():
    parser = configparser.ConfigParser()
    parser.read(SETUP)
    installed = parser["options.entry_points"]["console_scripts"].split("\n")
    assert "tf-recipes = tf_recipes.cli.main:main" in installed


def test_little_is_imported_before_ctrl_c_ends_it_in_one_line():
    """Checks without `site`, which imports more; with `importlib.abc` it took ten times as long."""
    code = f"import sys; sys.path.insert(0, {str(SETUP.parent)!r}); import tf_recipes.cli.main; "
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code + "print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
        timeout=limits.PROCESS,
    )
    slow = {"contextlib", "importlib.abc", "importlib.util", "re", "tempfile", "threading"}
    assert {"tf_recipes.cli.interrupts", "signal"} <= set(done.stdout.split())
    assert sorted({*slow, "typing"} & set(done.stdout.split())) == []


@pytest.mark.parametrize("word", ["--help", "-h", "help", "--helpfull"])
def test_help_lists_each_subcommand_with_what_it_does(command, word):
    status, printed, errors = command(word)
    assert (status, errors) == (0, "")
    for name in main.SUBCOMMANDS:
        (line,) = [each for each in printed.splitlines() if each.startswith(f"  {name} ")]
        assert line.endswith(".")


@pytest.mark.parametrize("name", main.SUBCOMMANDS)
def test_the_readme_says_that_a_subcommand_is_installed(name):
    section = SETUP.with_name("README.md").read_text().split("\n## What gets installed\n")[1]
    assert f"`tf-recipes {name}`" in section.partition("\n## ")[0]


@pytest.mark.parametrize("name", main.SUBCOMMANDS)
def test_the_help_of_a_subcommand_begins_with_an_example_and_shows_its_flags(command, name):
    status, printed, errors = command(name, "--help")
    assert (status, errors) == (0, "")
    summary, empty, example = printed.splitlines()[:3]
    assert summary.endswith(".") and not empty
    assert example.strip().startswith(f"tf-recipes {name}")
    flag = {
        "create-tf1-environment": "--directory",
        "verify": "--checkpoint",
        "convert": "--checkpoint",
        "scan": "--select",
    }.get(name, "--recipe")
    assert f"\n  {flag}: " in printed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            [],
            "Received: none. Choose from scan, check, verify, convert, train, record, create-tf1-",
        ),
        (["chekc"], "Received: 'chekc'."),
        (["--recipe=adam"], "Received: '--recipe=adam'."),
    ],
)
def test_a_wrong_word_is_refused_in_one_line(command, words, says):
    status, printed, errors = command(*words)
    assert (status, printed) == (2, "")
    assert errors.startswith("tf-recipes: error: The first word must be a subcommand. ")
    assert says in errors and errors.count("\n") == 1


def test_errors_bear_the_name_of_the_subcommand(command):
    status, printed, errors = command("train", "--batch_size=0")
    assert (status, printed) == (2, "")
    assert errors.startswith("tf-recipes train: error: `batch_size` must be")
    assert "Received: --batch_size=0." in errors


def test_the_help_of_the_check_says_what_the_status_means(command):
    _, printed, _ = command("check", "--help")
    for status, meaning in verdict.STATUSES.items():
        assert f"\n    {status}: {meaning}\n" in printed


def test_the_version(command):
    assert command("--version") == (0, f"tf-recipes {tf_recipes.__version__}\n", "")


def test_the_package_runs_as_a_module(run_python_failing):
    code = (
        "import runpy, sys; sys.argv[0] = 'x'; runpy.run_module('tf_recipes', run_name='__main__')"
    )
    status, printed, _ = run_python_failing(code, "--version")
    assert (status, printed) == (0, f"tf-recipes {tf_recipes.__version__}\n")
