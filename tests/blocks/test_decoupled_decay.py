"""Tests the decoupled weight decay of `AdamW` and `MomentumW` with numbers of TensorFlow 1.15.5."""

import json

import keras
import numpy as np
import pytest

import tf_recipes

DECAY = {"learning_rate": 0.001, "weight_decay": 0.01}
KINDS = {"a": tf_recipes.AdamW, "m": tf_recipes.MomentumW}
both = pytest.mark.parametrize("name", KINDS)


def ten_steps(optimizer, a=0.0, b=0.0):
    weights = [keras.Variable([1.0, 2.0], name=name) for name in "ab"]
    optimizer.build(weights)
    for _ in range(10):
        optimizer.apply([keras.ops.full((2,), g) for g in (a, b)], weights)
    return [weight.numpy() for weight in weights]


@both
def test_the_learning_rate_does_not_multiply_the_decay(name):
    # TF 1.15.5: ten steps of tf.contrib.opt.{AdamW,MomentumW}Optimizer on 0 * w
    found = ten_steps(KINDS[name](**DECAY))
    np.testing.assert_allclose(found, [[0.90438205, 1.8087641]] * 2, rtol=2**-22)
    theirs = ten_steps(keras.optimizers.AdamW(**DECAY))
    np.testing.assert_allclose(theirs, [[0.9999, 1.9998]] * 2, rtol=1e-6)


@both
def test_only_the_listed_variables_decay(name):
    # TF 1.15.5: ten times apply_gradients([(0.5, a), (0.25, b)], decay_var_list=[a])
    expected = {
        "a": [[0.8948203921318054, 1.7992018461227417], [0.9900001287460327, 1.989999532699585]],
        "m": [[0.884358286857605, 1.788740634918213], [0.9896547794342041, 1.989654779434204]],
    }
    for listed in (["a"], [keras.Variable([0.0], name="a")], ["a", "not trained"]):
        optimizer = KINDS[name](**DECAY, decay_var_list=listed)
        np.testing.assert_allclose(ten_steps(optimizer, 0.5, 0.25), expected[name], rtol=2**-21)
    excluding = KINDS[name](**DECAY)
    excluding.exclude_from_weight_decay(var_names=["b"])  # Keras' way
    np.testing.assert_allclose(ten_steps(excluding, 0.5, 0.25), expected[name], rtol=2**-21)


@both
def test_config_round_trip(name):
    optimizer = KINDS[name](**DECAY, decay_var_list=["a"], clipnorm=0.5)
    text = json.dumps(keras.saving.serialize_keras_object(optimizer))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert type(again) is KINDS[name] and again.get_config() == optimizer.get_config()
    found = ten_steps(again, 0.5, 0.25)
    np.testing.assert_array_equal(found, ten_steps(optimizer, 0.5, 0.25))
    assert KINDS[name](**DECAY).get_config()["decay_var_list"] is None


@both
def test_bad_arguments(name, fails):
    kind = KINDS[name]
    with pytest.raises(TypeError):
        kind(0.01, 0.001)  # TF1's order is not Keras'; both would be taken for the other
    with fails("`weight_decay`", "-0.1"):
        kind(0.1, weight_decay=-0.1)
    with fails("`decay_var_list`", "'kernel'", "list"):
        kind(0.1, weight_decay=0.1, decay_var_list="kernel")
    with fails("`decay_var_list`", "['c']", "['a', 'b']"):
        ten_steps(kind(0.1, weight_decay=0.1, decay_var_list=["c"]))
