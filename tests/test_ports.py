"""Tests which part each of the two ports uses."""

import dataclasses

import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes import models
from tf_recipes.ports import EXACT, PORTS, TEXTBOOK
from tf_recipes.recipe import OPTIMIZER_DEFAULTS, Recipe


def recipe(**fields):
    return Recipe(name="r", hidden=(4,), **fields)


def optimizer(port, **spec):
    made = recipe(optimizer={"learning_rate": 0.25, **spec})
    return port.optimizer(made, port.schedule(made))


def test_ports_by_name():
    assert {"exact": EXACT, "textbook": TEXTBOOK} == PORTS
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXACT.name = "other"


@pytest.mark.parametrize("name", OPTIMIZER_DEFAULTS)
@pytest.mark.parametrize("port", PORTS.values(), ids=PORTS)
def test_every_optimizer_has_its_class(port, name):
    classes = {
        "exact": {
            "gradient_descent": tf_recipes.GradientDescent,
            "momentum": tf_recipes.Momentum,
            "nesterov": tf_recipes.Momentum,
            "adagrad": tf_recipes.Adagrad,
            "rmsprop": tf_recipes.RMSProp,
            "adam": tf_recipes.Adam,
        },
        "textbook": {
            "gradient_descent": keras.optimizers.SGD,
            "momentum": keras.optimizers.SGD,
            "nesterov": keras.optimizers.SGD,
            "adagrad": keras.optimizers.Adagrad,
            "rmsprop": keras.optimizers.RMSprop,
            "adam": keras.optimizers.Adam,
        },
    }
    made = optimizer(port, name=name)
    assert type(made) is classes[port.name][name]
    assert float(made.learning_rate) == 0.25


GIVEN = [
    ({"name": "momentum", "momentum": 0.5}, {"momentum": 0.5, "nesterov": False}),
    ({"name": "momentum", "use_nesterov": True}, {"momentum": 0.9, "nesterov": True}),
    ({"name": "nesterov", "momentum": 0.5}, {"momentum": 0.5, "nesterov": True}),
    ({"name": "adagrad", "initial_accumulator_value": 0.5}, {"initial_accumulator_value": 0.5}),
    (
        {"name": "rmsprop", "decay": 0.5, "momentum": 0.25, "epsilon": 0.125, "centered": True},
        {"rho": 0.5, "momentum": 0.25, "epsilon": 0.125, "centered": True},
    ),
    (
        {"name": "adam", "beta1": 0.5, "beta2": 0.25, "epsilon": 0.125},
        {"beta_1": 0.5, "beta_2": 0.25, "epsilon": 0.125},
    ),
]


@pytest.mark.parametrize("spec, config", GIVEN)
@pytest.mark.parametrize("port", PORTS.values(), ids=PORTS)
def test_tf1s_arguments_arrive_under_keras_names(port, spec, config):
    made = optimizer(port, **spec).get_config()
    assert {key: made[key] for key in config} == config


DEFAULTS = [
    ("rmsprop", "epsilon", 1e-10, 1e-7),
    ("adam", "epsilon", 1e-8, 1e-7),
]


@pytest.mark.parametrize("name, key, exact, textbook", DEFAULTS)
def test_what_the_recipe_leaves_out_is_tf1s_or_keras(name, key, exact, textbook):
    assert optimizer(EXACT, name=name).get_config()[key] == exact
    assert optimizer(TEXTBOOK, name=name).get_config()[key] == textbook


def test_schedule_is_a_number_or_the_decay():
    decay = {"decay_steps": 10, "decay_rate": 0.5, "staircase": True}
    for port in PORTS.values():
        assert port.schedule(recipe()) == 0.05
        schedule = port.schedule(recipe(schedule=decay))
        np.testing.assert_allclose([float(schedule(k)) for k in (9, 10)], [0.05, 0.025])


def test_regularizers_differ_by_the_half():
    w = keras.ops.array([2.0, -4.0])
    made = recipe(regularizer={"l1": 0.5, "l2": 0.25})
    assert float(EXACT.regularizer(made)(w)) == 0.5 * 6 + 0.25 * 20 / 2
    assert float(TEXTBOOK.regularizer(made)(w)) == 0.5 * 6 + 0.25 * 20


def test_max_norm_has_the_recipes_axes():
    made = recipe(max_norm={"threshold": 0.5, "axes": [1]})
    w = np.float32([[3.0, 4.0], [0.03, 0.04]])
    np.testing.assert_allclose(EXACT.max_norm(made)(w), [[0.3, 0.4], [0.03, 0.04]], rtol=1e-6)
    textbook = np.array(TEXTBOOK.max_norm(made)(w))
    np.testing.assert_allclose(textbook, [[0.3, 0.4], [0.03, 0.04]], rtol=1e-5)
    assert textbook[1, 0] < np.float32(0.03)


def test_dropout_is_given_each_layer_its_seed():
    made = recipe(keep_prob=0.75, seed=5)
    for k, name in enumerate(["X_dropout", "hidden1_dropout", "hidden12_dropout"]):
        exact = EXACT.dropout(made, name=name, dtype=None)
        textbook = TEXTBOOK.dropout(made, name=name, dtype=None)
        assert (exact.keep_prob, textbook.rate) == (0.75, 0.25)
        assert exact.seed == textbook.seed == 5 + (0, 1, 12)[k]


def test_activations():
    z = np.float32([-1.0, 2.0])
    made = recipe(activation="leaky_relu")
    np.testing.assert_allclose(EXACT.activation(made)(z), [-0.01, 2.0])
    np.testing.assert_allclose(TEXTBOOK.activation(made)(z), [-0.3, 2.0])
    assert EXACT.activation(recipe(activation="tanh")) == "tanh"
    assert EXACT.activation(recipe(activation="elu")) is tf_recipes.elu


def test_initializers():
    assert type(EXACT.initializer(recipe())(seed=1)) is tf_recipes.VarianceScaling
    assert type(TEXTBOOK.initializer(recipe())(seed=1)) is keras.initializers.HeNormal
    xavier = recipe(initializer="xavier")
    assert EXACT.initializer(xavier)(seed=1).uniform is True
    assert type(TEXTBOOK.initializer(xavier)(seed=1)) is keras.initializers.GlorotUniform


def test_clipping_is_a_training_step_or_the_optimizers():
    made = recipe(clip_value=0.5)
    exact, textbook = (models.build(made, port) for port in ("exact", "textbook"))
    assert isinstance(exact, tf_recipes.GradientClippingModel)
    assert (exact.clip_value, exact.optimizer.clipvalue) == (0.5, None)
    assert not isinstance(textbook, tf_recipes.GradientClippingModel)
    assert textbook.optimizer.clipvalue == 0.5


def test_a_port_of_ones_own():
    own = dataclasses.replace(EXACT, name="own", activation=lambda recipe: "softplus")
    model = models.build(recipe(), port=own)
    assert model.get_layer("hidden1_activation").activation is keras.activations.softplus
