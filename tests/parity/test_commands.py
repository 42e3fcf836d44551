import shlex
import types

import pytest

from tf_recipes.parity import commands


def options(**changes):
    defaults = {
        "reference": "recorded",
        "tf1_python": None,
        "trace_dir": None,
        "recipe": None,
        "ports": ["exact", "textbook"],
        "changed": {},
        "json_out": "out.json",
        "plot_dir": "plots",
    }
    return types.SimpleNamespace(**{**defaults, **changes})


def test_the_default_command_has_no_flags():
    assert commands.check(options()) == "python scripts/check_migration.py"


@pytest.mark.parametrize(
    ("changes", "name", "flags"),
    [
        ({}, "adam", "--recipe=adam"),
        ({"recipe": ["l1", "l2"]}, None, "--recipe=l1,l2"),
        ({"recipe": ["l1", "l2"]}, "l2", "--recipe=l2"),
        ({"ports": ["exact"]}, None, "--ports=exact"),
        ({"reference": "tf1", "tf1_python": "py"}, None, "--reference=tf1 --tf1_python=py"),
        (
            {
                "reference": "compat",
                "changed": {"hidden": ["5", "4"], "batch_norm": False, "centered": True, "l1": 0.1},
            },
            "adam",
            "--reference=compat --recipe=adam --hidden=5,4 --nobatch_norm --centered --l1=0.1",
        ),
    ],
)
def test_what_the_user_set_is_in_the_command(changes, name, flags):
    found = commands.check(options(**changes), name)
    assert found == f"python scripts/check_migration.py {flags}"


def test_a_shell_reads_back_any_text():
    nasty = "a b'; rm -rf $HOME \"<script>"
    words = shlex.split(commands.check(options(trace_dir=nasty), "x y"))
    assert words == ["python", "scripts/check_migration.py", f"--trace_dir={nasty}", "--recipe=x y"]
