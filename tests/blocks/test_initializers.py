"""Tests He and Xavier initialisation against the distributions of contrib."""

import copy
import json
import math

import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes.blocks.initializers import MODES, VarianceScaling, fans, he_init, xavier_init


def draws(make, shape):
    return np.concatenate([np.array(make(seed=seed)(shape)).ravel() for seed in range(10)])


# TF 1.15.5, ten draws: np.concatenate([sess.run(initializer(shape)).ravel() ...]), then
# values.std(), abs(values).max(). The standard error of that std is 3e-5 of 2.35 million values,
# 2e-4 of 46,080.
CONTRIB = [
    ("he", he_init, (784, 300), 0.050632406, 0.11517492),
    ("he", he_init, (3, 3, 16, 32), 0.11819339, 0.2686813),
    (
        "out",
        lambda seed: VarianceScaling(mode="FAN_OUT", seed=seed),
        (784, 300),
        0.08190603,
        0.18618976,
    ),
    ("xavier", xavier_init, (784, 300), 0.04295251, 0.07439794),
    ("xavier", xavier_init, (3, 3, 16, 32), 0.067938596, 0.11784812),
    (
        "normal",
        lambda seed: xavier_init(uniform=False, seed=seed),
        (784, 300),
        0.043059524,
        0.09794931,
    ),
    (
        "uniform",
        lambda seed: VarianceScaling(uniform=True, seed=seed),
        (784, 300),
        0.050525278,
        0.087481774,
    ),
]


@pytest.mark.parametrize("name, make, shape, std, largest", CONTRIB)
def test_distribution_is_that_of_contrib(name, make, shape, std, largest):
    values = draws(make, shape)
    error = std / math.sqrt(2 * values.size)
    assert abs(values.std() - std) < 4 * error
    assert abs(values.mean()) < 4 * std / math.sqrt(values.size)
    # both draws come close to the same bound; TF1's maximum equals it up to rounding
    np.testing.assert_allclose(abs(values).max(), largest, rtol=1e-2)


@pytest.mark.parametrize("shape, n", [((784, 300), 784), ((3, 3, 16, 32), 144)])
def test_he_is_truncated_where_contrib_truncates(shape, n):
    sigma = math.sqrt(1.3 * 2 / n)
    values = abs(draws(he_init, shape))
    assert 2 * sigma * 0.999 < values.max() <= 2 * sigma * (1 + 1e-6)


def test_he_is_not_he_normal_of_keras():
    """Checks a difference of 0.29 %, nine standard errors of this sample."""
    ours = draws(he_init, (784, 300)).std()
    np.testing.assert_allclose(ours / math.sqrt(2 / 784), 1.0029, atol=1e-3)
    theirs = draws(keras.initializers.HeNormal, (784, 300)).std()
    np.testing.assert_allclose(theirs / math.sqrt(2 / 784), 1.0, atol=1e-3)


def test_fans():
    assert fans(()) == (1, 1)
    assert fans((7,)) == (7, 7)
    assert fans((784, 300)) == (784, 300)
    assert fans((5, 3, 16, 32)) == (240, 480)


def test_seed_repeats_and_layers_without_one_differ():
    first, second = he_init(seed=3), he_init(seed=3)
    np.testing.assert_array_equal(first((4, 5)), second((4, 5)))
    assert (np.array(he_init()((4, 5))) != np.array(he_init()((4, 5)))).any()
    assert (np.array(he_init(seed=4)((4, 5))) != np.array(first((4, 5)))).any()


@pytest.mark.parametrize("make", [he_init, xavier_init])
def test_one_object_draws_anew_for_each_layer(make):
    """Checks that calls draw new values, as in TF1; docs/recipes/initializers.md runs TF1."""
    shared, drawn = make(), []
    keras.utils.set_random_seed(1)
    for _ in range(3):
        layer = keras.layers.Dense(5, kernel_initializer=shared)
        layer.build((None, 4))
        drawn.append(layer.kernel.numpy())
    assert len({kernel.tobytes() for kernel in drawn}) == 3
    again = copy.deepcopy(shared)
    assert not np.array_equal(again((4, 5)), shared((4, 5)))
    keras.utils.set_random_seed(1)
    np.testing.assert_array_equal(again((4, 5)), drawn[0])
    np.testing.assert_array_equal(again((4, 5)), drawn[1])
    np.testing.assert_array_equal(make(seed=3)((4, 5)), make(seed=3)((4, 5)))
    fixed = make(seed=3)
    np.testing.assert_array_equal(fixed((4, 5)), fixed((4, 5)))


def test_xavier_draws_what_glorot_uniform_draws():
    np.testing.assert_array_equal(
        xavier_init(seed=5)((784, 300)), keras.initializers.GlorotUniform(seed=5)((784, 300))
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("make", [he_init, xavier_init])
def test_dtype_and_shape_are_as_asked(make, dtype):
    kernel = make(seed=1)((3, 4), dtype=dtype)
    assert keras.backend.standardize_dtype(kernel.dtype) == dtype
    assert tuple(kernel.shape) == (3, 4)


def test_layers_take_it():
    layer = keras.layers.Conv2D(8, 3, kernel_initializer=tf_recipes.he_init(seed=1))
    layer.build((None, 9, 9, 4))
    expected = he_init(seed=1)((3, 3, 4, 8))
    np.testing.assert_array_equal(layer.kernel.numpy(), np.array(expected))


@pytest.mark.parametrize("mode", MODES)
def test_config_round_trip(mode):
    initializer = VarianceScaling(factor=1.5, mode=mode, uniform=True, seed=7)
    text = json.dumps(keras.saving.serialize_keras_object(initializer))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert isinstance(again, VarianceScaling)
    assert again.get_config() == {"factor": 1.5, "mode": mode, "uniform": True, "seed": 7}
    np.testing.assert_array_equal(again((2, 3)), initializer((2, 3)))


@pytest.mark.parametrize(
    "arguments, parts",
    [
        ({"factor": 0.0}, ["`factor`", "(0, inf)", "factor=0.0"]),
        ({"factor": float("nan")}, ["`factor`", "nan"]),
        ({"mode": "fan_in"}, ["`mode`", "FAN_AVG, FAN_IN, FAN_OUT", "'fan_in'"]),
        ({"uniform": "no"}, ["`uniform`", "'no'"]),
    ],
)
def test_bad_arguments(arguments, parts, fails):
    with fails(*parts):
        VarianceScaling(**arguments)
