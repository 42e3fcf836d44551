"""Tests the chapter's recipes by name."""

import pytest

from tf_recipes import catalog
from tf_recipes.recipe import ACTIVATIONS, OPTIMIZER_DEFAULTS

RECIPES = catalog.CATALOG.values()


def test_get_finds_by_name_and_lists_the_names_there_are(fails):
    assert catalog.get("best_practice").name == "best_practice"
    with fails("`recipe`", "best_practice", "recipe='nonesuch'"):
        catalog.get("nonesuch")


def test_names_are_those_of_the_recipes_and_none_is_lost():
    assert all(name == recipe.name for name, recipe in catalog.CATALOG.items())
    assert len(catalog.CATALOG) == len(catalog._RECIPES)


# Every recipe of the chapter, and a test whether a catalog entry is this recipe.
CHAPTERS = {
    "he": lambda r: r.initializer == "he",
    "xavier": lambda r: r.initializer == "xavier",
    **{name: lambda r, name=name: r.activation == name for name in ACTIVATIONS},
    "batch norm": lambda r: r.batch_norm is not None and r.batch_norm.get("scale"),
    "batch norm by default": lambda r: r.batch_norm is not None and not dict(r.batch_norm),
    "max-norm, incoming": lambda r: r.max_norm and r.max_norm_arguments()["axes"] == (0,),
    "max-norm, as written": lambda r: r.max_norm and r.max_norm_arguments()["axes"] == (1,),
    "clipping": lambda r: r.clip_value is not None,
    **{name: lambda r, name=name: r.optimizer["name"] == name for name in OPTIMIZER_DEFAULTS},
    "centered": lambda r: r.optimizer.get("centered"),
    "decay": lambda r: r.schedule and not r.schedule_arguments()["staircase"],
    "staircase": lambda r: r.schedule and r.schedule_arguments()["staircase"],
    "momentum, decaying": lambda r: r.schedule and r.optimizer["name"] == "momentum",
    "nesterov, decaying": lambda r: r.schedule and r.optimizer["name"] == "nesterov",
    "l1": lambda r: dict(r.regularizer or {}).keys() == {"l1"},
    "l2": lambda r: dict(r.regularizer or {}).keys() == {"l2"},
    "l1 and l2": lambda r: dict(r.regularizer or {}).keys() == {"l1", "l2"},
    "dropout": lambda r: r.keep_prob < 1,
    "float64": lambda r: r.dtype == "float64",
}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_has_its_recipe(chapter):
    assert [recipe.name for recipe in RECIPES if CHAPTERS[chapter](recipe)]


def test_max_norm_of_either_name_has_its_axis():
    assert catalog.get("max_norm").max_norm_arguments()["axes"] == (1,)  # as the chapter writes
    assert catalog.get("max_norm_incoming").max_norm_arguments()["axes"] == (0,)


def test_best_practice_is_the_chapters_combination():
    recipe = catalog.get("best_practice")
    assert (recipe.initializer, recipe.activation) == ("he", "elu")
    assert recipe.batch_norm is not None
    assert recipe.keep_prob < 1
    assert recipe.optimizer["name"] == "nesterov"
    assert recipe.schedule is not None


def test_tf1_can_run_each():
    """Checks for batch norm in float64, which TF1's fused kernel refuses."""
    assert not [r.name for r in RECIPES if r.batch_norm is not None and r.dtype == "float64"]
