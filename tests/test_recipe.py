"""Tests Recipe: its keys and defaults, its checks, and that it is immutable."""

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest

from tf_recipes.recipe import Recipe

# The trace format's table of keys and defaults.
DEFAULTS = {
    "hidden": [300, 100],
    "activation": "relu",
    "initializer": "he",
    "batch_norm": None,
    "max_norm": None,
    "regularizer": None,
    "keep_prob": 1.0,
    "optimizer": {"name": "gradient_descent", "learning_rate": 0.05},
    "schedule": None,
    "clip_value": None,
    "dtype": "float32",
    "batch_size": 50,
    "steps": 100,
    "seed": 0,
}
FULL = {
    "name": "full",
    "hidden": [20, 10],
    "activation": "elu",
    "initializer": "xavier",
    "batch_norm": {"decay": 0.9, "scale": True, "center": False, "epsilon": 0.01},
    "max_norm": {"threshold": 1.0, "axes": [0, 1]},
    "regularizer": {"l1": 0.1, "l2": 0.2},
    "keep_prob": 0.5,
    "optimizer": {"name": "rmsprop", "learning_rate": 0.1, "decay": 0.8, "centered": True},
    "schedule": {"decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    "clip_value": 0.1,
    "dtype": "float64",
    "batch_size": 5,
    "steps": 7,
    "seed": 3,
}


def test_keys_and_defaults_are_those_of_the_trace_format():
    assert Recipe(name="plain").to_spec() == {"name": "plain", **DEFAULTS}


def test_spec_round_trip_through_json():
    recipe = Recipe.from_spec(json.loads(json.dumps(FULL)))
    assert recipe.to_spec() == FULL
    assert Recipe.from_spec(json.loads(json.dumps(recipe.to_spec()))) == recipe


def test_it_is_frozen_all_the_way_down():
    source = copy.deepcopy(FULL)
    recipe = Recipe(**source)
    source["hidden"].append(1)
    source["optimizer"]["decay"] = 0.1
    assert recipe.to_spec() == FULL
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.steps = 1
    with pytest.raises(TypeError):
        recipe.optimizer["learning_rate"] = 1.0
    recipe.to_spec()["optimizer"]["learning_rate"] = 9.0
    assert recipe.optimizer["learning_rate"] == 0.1


def test_equality_hash_copies_and_pickles():
    recipe, same, other = Recipe(**FULL), Recipe(**FULL), Recipe(**{**FULL, "seed": 4})
    assert recipe == same and hash(recipe) == hash(same)
    assert recipe != other and recipe != FULL
    assert len({recipe, same, other}) == 2
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    assert copy.deepcopy(recipe) == recipe


def test_replace_changes_only_what_it_is_told():
    recipe = Recipe(**FULL)
    assert recipe.replace(steps=9).to_spec() == {**FULL, "steps": 9}
    assert recipe.to_spec() == FULL


def test_numpy_scalars_become_pythons():
    recipe = Recipe(name="n", seed=np.int64(3), keep_prob=np.float64(0.5), hidden=[np.int32(4)])
    assert json.loads(json.dumps(recipe.to_spec()))["seed"] == 3
    assert type(recipe.seed) is int and type(recipe.hidden[0]) is int


def test_arguments_with_tf1s_defaults():
    recipe = Recipe(name="d", batch_norm={"decay": 0.9}, max_norm={"threshold": 2.0})
    assert recipe.batch_norm_arguments() == {
        "decay": 0.9,
        "center": True,
        "scale": False,
        "epsilon": 0.001,
    }
    assert recipe.max_norm_arguments() == {"threshold": 2.0, "axes": (1,)}
    assert recipe.regularizer_arguments() is None
    l2 = recipe.replace(regularizer={"l2": 0.5})
    assert l2.regularizer_arguments() == {"l1": 0.0, "l2": 0.5}
    assert recipe.schedule_arguments() is None
    schedule = {"decay_steps": 5, "decay_rate": 0.5}
    assert recipe.replace(schedule=schedule).schedule_arguments() == {
        **schedule,
        "staircase": False,
    }


@pytest.mark.parametrize(
    "optimizer, expected",
    [
        ({"name": "gradient_descent"}, {"learning_rate": 0.05}),
        (
            {"name": "momentum", "learning_rate": 0.1},
            {"learning_rate": 0.1, "momentum": 0.9, "use_nesterov": False},
        ),
        ({"name": "nesterov", "learning_rate": 0.1}, {"learning_rate": 0.1, "momentum": 0.9}),
        (
            {"name": "adagrad", "learning_rate": 0.1},
            {"learning_rate": 0.1, "initial_accumulator_value": 0.1},
        ),
        (
            {"name": "rmsprop", "learning_rate": 0.1},
            {
                "learning_rate": 0.1,
                "decay": 0.9,
                "momentum": 0.0,
                "epsilon": 1e-10,
                "centered": False,
            },
        ),
        (
            {"name": "adam"},
            {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        ),
    ],
)
def test_optimizer_arguments_with_tf1s_defaults(optimizer, expected):
    assert Recipe(name="o", optimizer=optimizer).optimizer_arguments() == expected


BAD = [
    ({"name": "two words"}, ["`name`", "'two words'"]),
    ({"name": ""}, ["`name`"]),
    ({"hidden": 300}, ["`hidden`", "hidden=300"]),
    ({"hidden": [300, 0]}, ["`hidden`", "hidden=0"]),
    ({"hidden": [2.5]}, ["`hidden`", "hidden=2.5"]),
    ({"activation": "swish"}, ["`activation`", "elu, leaky_relu, relu", "'swish'"]),
    ({"initializer": "orthogonal"}, ["`initializer`", "he, xavier"]),
    ({"dtype": "float16"}, ["`dtype`", "float32, float64"]),
    ({"keep_prob": 0.0}, ["`keep_prob`", "(0, 1]", "keep_prob=0.0"]),
    ({"keep_prob": 1.1}, ["`keep_prob`"]),
    ({"batch_norm": True}, ["`batch_norm`", "mapping"]),
    ({"batch_norm": {"momentum": 0.9}}, ["`batch_norm`", "'momentum'", "decay"]),
    ({"batch_norm": {"decay": 2.0}}, ["`batch_norm.decay`"]),
    ({"batch_norm": {"scale": 1}}, ["`batch_norm.scale`"]),
    ({"max_norm": {"axes": 1}}, ["`max_norm`", "`threshold`", "no default"]),
    ({"max_norm": {"threshold": 0}}, ["`max_norm.threshold`", "(0, inf)"]),
    ({"max_norm": {"threshold": float("nan")}}, ["`max_norm.threshold`", "nan"]),
    ({"max_norm": {"threshold": 1.0, "axes": 2}}, ["`max_norm.axes`", "from -2 to 1"]),
    ({"regularizer": {"l3": 0.1}}, ["`regularizer`", "'l3'"]),
    ({"regularizer": {"l1": 1}}, ["regularizer.l1=1", "as in TF1", "Write 1.0."]),
    ({"regularizer": {"l2": -0.1}}, ["`regularizer.l2`"]),
    ({"optimizer": {"learning_rate": 0.1}}, ["`optimizer`", "`name`"]),
    ({"optimizer": {"name": "sgd"}}, ["`optimizer.name`", "gradient_descent", "'sgd'"]),
    ({"optimizer": {"name": "momentum"}}, ["`optimizer`", "`learning_rate`"]),
    ({"optimizer": {"name": "adam", "rho": 0.9}}, ["`optimizer`", "'rho'", "beta1"]),
    ({"optimizer": {"name": "adam", "beta1": 1.0}}, ["`optimizer.beta1`"]),
    ({"optimizer": {"name": "adam", "epsilon": -1}}, ["`optimizer.epsilon`"]),
    ({"optimizer": "adam"}, ["`optimizer`", "'adam'"]),
    ({"schedule": {"decay_steps": 10}}, ["`schedule`", "`decay_rate`"]),
    ({"schedule": {"decay_steps": 0, "decay_rate": 0.5}}, ["`schedule.decay_steps`"]),
    ({"schedule": {"decay_steps": 10, "decay_rate": 0}}, ["`schedule.decay_rate`"]),
    ({"clip_value": 0}, ["`clip_value`"]),
    ({"batch_size": 0}, ["`batch_size`", "at least 1"]),
    ({"steps": 1.5}, ["`steps`", "steps=1.5"]),
    ({"seed": -1}, ["`seed`", "at least 0"]),
]


@pytest.mark.parametrize("changes, parts", BAD)
def test_bad_values_name_their_field(changes, parts, fails):
    with fails(*parts):
        Recipe(**{"name": "bad", **changes})


def test_bad_specs(fails):
    with fails("`spec`", "'colour'", "activation"):
        Recipe.from_spec({"name": "x", "colour": "red"})
    with fails("`spec`", "`name`"):
        Recipe.from_spec({"steps": 1})
    with fails("`spec`", "mapping"):
        Recipe.from_spec([1])


def test_equal_recipes_have_equal_hashes():
    whole, real = Recipe("a", keep_prob=1), Recipe("a", keep_prob=1.0)
    assert whole == real
    assert len({whole, real}) == 1


@pytest.mark.parametrize(
    "optimizer", [None, 5, True, "adam", {}, {"name": None}, {"name": ["adam"]}]
)
def test_an_optimizer_that_is_none_is_a_value_error(optimizer):
    with pytest.raises(ValueError, match="optimizer"):
        Recipe("a", optimizer=optimizer)


def test_a_number_beyond_every_float_is_a_value_error():
    with pytest.raises(ValueError, match="keep_prob"):
        Recipe("a", keep_prob=10**400)
    with pytest.raises(ValueError, match=r"regularizer\.l1"):
        Recipe("a", regularizer={"l1": 10**400})
