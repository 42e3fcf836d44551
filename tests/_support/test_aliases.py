"""Public modules under their public names, wherever their files lie."""

import importlib
import sys

import pytest

import tf_recipes
from tf_recipes._support import aliases

MOVED = sorted(name for name, place in tf_recipes._MODULES.items() if name != place)


def test_which_modules_have_another_place():
    assert MOVED == ["best_practice", "optimizers", "regularization"]


@pytest.mark.parametrize("name", MOVED)
def test_a_public_name_is_the_module_itself(name):
    module = importlib.import_module(f"tf_recipes.{name}")
    assert module is importlib.import_module(f"tf_recipes.blocks.{name}")
    assert module.__name__ == module.__spec__.name == f"tf_recipes.blocks.{name}"
    assert getattr(tf_recipes, name) is module


def test_every_form_of_the_import_in_a_new_process(run_python):
    code = """
import sys
assert "keras" not in sys.modules
import tf_recipes.optimizers
from tf_recipes.regularization import penalty
from tf_recipes import best_practice
print(tf_recipes.optimizers.Adam.__module__, penalty.__module__, best_practice.__name__)
"""
    assert run_python(code, without_keras=True).split() == [
        "tf_recipes.blocks.optimizers",
        "tf_recipes.blocks.regularization",
        "tf_recipes.blocks.best_practice",
    ]


def test_other_names_are_not_found():
    with pytest.raises(ModuleNotFoundError, match=r"tf_recipes\.nadam"):
        importlib.import_module("tf_recipes.nadam")


def test_it_is_installed_once():
    before = len(sys.meta_path)
    aliases.install(tf_recipes._MODULES)
    assert len(sys.meta_path) == before
