"""Flags become a recipe: each its own field, together, and with what contradicts itself refused."""

import pytest
from absl import flags

from tf_recipes import catalog
from tf_recipes.cli import recipe_flags


@pytest.fixture(scope="module")
def defined():
    """The recipe flags, defined once in this process."""
    if "hidden" not in flags.FLAGS:
        recipe_flags.define()


@pytest.fixture
def recipe(defined):
    """`recipe("--l1=0.1", name="momentum")`: the recipe after those flags."""

    def parse(*arguments, name="he_init"):
        forget()
        flags.FLAGS(["test", *arguments])
        return recipe_flags.recipe(name)

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
    assert {*recipe_flags.names()} <= tried


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
    assert recipe_flags.changed() == {}


def test_a_falsy_value_is_a_change(recipe):
    recipe("--seed=0", "--l1=0", "--nocentered", name="rmsprop")
    assert recipe_flags.changed() == {"seed": 0, "l1": 0.0, "centered": False}
