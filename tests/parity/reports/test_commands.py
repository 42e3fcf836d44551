import os
import subprocess
import types

import pytest
from absl import flags

from tf_recipes.parity.reports import commands


def options(**changes):
    defaults = {
        "program": commands.SCRIPT,
        "reference": "recorded",
        "tf1_python": None,
        "trace_dir": None,
        "recipe": None,
        "ports": ["exact", "textbook"],
        "float32_products": True,
        "changed": {},
        "json_out": "out.json",
        "plot_dir": "plots",
    }
    return types.SimpleNamespace(**{**defaults, **changes})


def test_the_default_command_has_no_flags():
    assert commands.check(options()) == "python scripts/check_migration.py"


def test_the_installed_command_repeats_itself():
    found = commands.check(options(program="tf-recipes check"), "adam")
    assert found == "tf-recipes check --recipe=adam"


@pytest.mark.parametrize(
    ("changes", "name", "flags"),
    [
        ({}, "adam", "--recipe=adam"),
        ({"recipe": ["l1", "l2"]}, None, "--recipe=l1,l2"),
        ({"recipe": ["l1", "l2"]}, "l2", "--recipe=l2"),
        ({"ports": ["exact"]}, None, "--ports=exact"),
        ({"float32_products": False}, None, "--nofloat32_products"),
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


@pytest.mark.parametrize(
    "nasty",
    [
        "a b'; rm -rf $HOME \"<script>",
        "\u3000 \u202e\u00a0",
        "bad\udcff\udc80f",
        "\x1b[31m\n'\\tail\x00"[:-1],
        "\U000e0041f\U0001f600",
        "x" * 9000,
    ],
)
def test_a_shell_reads_back_any_text(nasty):
    found = commands.check(options(trace_dir=f"/{nasty}"), "x y")
    assert found.isprintable()
    printed = found.replace(commands.SCRIPT, "printf '%s\\0'")
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["bash", "-c", printed], capture_output=True, check=True, env=env)
    words = os.fsdecode(done.stdout).split("\0")
    assert words == [f"--trace_dir=/{nasty}", "--recipe=x y", ""]


def test_unusual_characters_stand_as_a_shell_escapes_them():
    found = commands.check(options(trace_dir="/a\u3000b\udcff"))
    assert found == r"python scripts/check_migration.py $'--trace_dir=/a\u3000b\xff'"


def test_paths_are_absolute_and_a_name_to_look_up_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert commands.check(options(trace_dir="t/.")).endswith(f" --trace_dir={tmp_path}/t")
    given = {"reference": "tf1", "tf1_python": "bin/python"}
    assert commands.check(options(**given)).endswith(f" --tf1_python={tmp_path}/bin/python")


@pytest.mark.parametrize("name", ["a,b", '"><b>', "a\nb", "a 'b' c", "\u00fc.+-"])
def test_absl_reads_back_any_name(name):
    word = f"--recipe={commands._listed([name, 'x'])}"
    values = flags.FlagValues()
    flags.DEFINE_list("recipe", None, "", flag_values=values)
    values(["script", word])
    assert values.recipe == [name, "x"]


def test_a_name_that_absl_would_strip_is_judged_with_all_the_others():
    found = commands.check(options(trace_dir="/t", recipe=["y"]), " x")
    assert found == "python scripts/check_migration.py --trace_dir=/t"
