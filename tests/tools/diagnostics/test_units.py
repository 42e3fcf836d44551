"""Tests SaturationMonitor's shares by hand."""

import keras
import numpy as np
import pytest

import tf_recipes
import xla_flags
from tf_recipes.tools.diagnostics.units import SaturationMonitor, saturated

X = np.array([[1.0], [-1.0]], "float32")


def net(activation, kernel, bias):
    """Returns a layer of units `kernel x + bias` with the activation, and their sum on top."""
    hidden = keras.layers.Dense(len(bias), activation, name="hidden")
    total = keras.layers.Dense(1, kernel_initializer="ones", name="total")
    model = keras.Sequential([keras.Input((1,)), hidden, total])
    hidden.set_weights([np.array([kernel]), np.array(bias)])
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=False)
    return model


def monitoring(model, x=X, **options):
    monitor = SaturationMonitor(x, **options)
    monitor.set_model(model)
    monitor.on_train_begin()
    return monitor


def record(monitor, number=-1):
    return {key: value for key, value in monitor.records[number].items() if key != "step"}


@pytest.mark.parametrize(
    ("activation", "bounds"),
    # sigmoid(z) = 0.95 at z = ln 19 = 2.944, and tanh(z) = 0.9 at half of that
    [("sigmoid", (2.94, 2.95)), ("tanh", (1.472, 1.473))],
)
def test_saturated_outputs(activation, bounds):
    inside, outside = bounds
    monitor = monitoring(net(activation, [inside, outside, 0.0, 0.0], [0.0, 0.0, outside, 0.0]))
    # the second saturates for both inputs at either end, the third for both at one: 4 of 8
    assert record(monitor) == {"hidden/saturated": 0.5}


def test_saturated_says_where():
    found = saturated(np.array([-0.91, -0.89, 0.0, 0.89, 0.91]), "tanh")
    assert found.tolist() == [True, False, False, False, True]


def test_dead_units_are_those_that_are_zero_on_the_whole_set():
    # for 1 and -1: (1, 0), (0, 0), (0, 1), (2, 0)
    monitor = monitoring(net("relu", [1.0, 1.0, -1.0, 3.0], [0.0, -1.5, 0.0, -1.0]))
    assert record(monitor) == {"hidden/dead": 0.25, "hidden/revived": 0.0}


@pytest.mark.parametrize("activation", ["elu", "leaky_relu"])
def test_units_of_elu_and_leaky_relu_sleep(activation):
    own = getattr(tf_recipes, activation)
    monitor = monitoring(net(own, [1.0, 1.0], [0.0, -1.5]))
    assert record(monitor) == {"hidden/asleep": 0.5, "hidden/revived": 0.0}


def test_revived_units_are_counted_from_the_first_look_on():
    model = net("relu", [0.0, 0.0, 0.0, 0.0], [-1.0, -1.0, -1.0, 1.0])
    monitor = monitoring(model)
    for bias in ([1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0], [1.0, 1.0, 1.0, -1.0]):
        model.get_layer("hidden").bias.assign(bias)
        monitor._measure(1)
    # two units revive, then one unit while another dies, then this other unit again
    assert [each["hidden/revived"] for each in monitor.records] == [0.0, 2.0, 3.0, 4.0]
    assert [each["hidden/dead"] for each in monitor.records] == [0.75, 0.5, 0.5, 0.25]


def test_units_that_are_not_finite_are_neither_dead_nor_revived():
    model = net("relu", [0.0, 0.0], [-1.0, -1.0])
    monitor = monitoring(model)
    model.get_layer("hidden").bias.assign([np.nan, -1.0])
    monitor._measure(1)
    assert np.isnan(record(monitor)["hidden/dead"])
    assert record(monitor)["hidden/revived"] == 0.0


def test_a_layer_shared_by_images_of_two_sizes():
    conv = keras.layers.Conv2D(2, 1, activation="relu", name="conv")
    small, large = keras.Input((2, 2, 1)), keras.Input((3, 3, 1))
    pooled = [keras.layers.GlobalMaxPooling2D()(conv(x)) for x in (small, large)]
    model = keras.Model([small, large], keras.layers.Add()(pooled))
    conv.set_weights([np.ones((1, 1, 1, 2)), np.array([0.0, -2.0])])
    model.compile("sgd", "mse", jit_compile=False)
    x = [np.zeros((1, 2, 2, 1)), np.ones((1, 3, 3, 1))]
    assert record(monitoring(model, x)) == {"conv/dead": 0.5, "conv/revived": 0.0}


@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
def test_units_of_a_convolution_are_its_channels(form):
    image = np.ones((3, 4, 4, 1) if form == "channels_last" else (3, 1, 4, 4), "float32")
    conv = keras.layers.Conv2D(2, 1, activation="relu", data_format=form, name="conv")
    x = keras.Input(image.shape[1:])
    conv.build((None, *image.shape[1:]))
    conv.set_weights([np.ones((1, 1, 1, 2)), np.array([0.0, -2.0])])
    if form == "channels_first":  # TensorFlow has no such convolution on a processor
        conv.call = lambda inputs: keras.ops.concatenate([inputs, 0 * inputs], axis=1)
    model = keras.Model(x, conv(x))
    model.compile("sgd", "mse", jit_compile=False)
    assert record(monitoring(model, image))["conv/dead"] == 0.5


def test_more_rows_than_one_call_takes():
    x = np.full((2001, 1), -1.0, "float32")
    x[-1] = 1.0
    monitor = monitoring(net("relu", [1.0, 1.0], [0.0, -2.0]), x)
    assert record(monitor)["hidden/dead"] == 0.5  # the first is awake for the last row alone


def test_it_warns_above_the_limit_and_stops_when_told(said):
    model = net("relu", [0.0, 0.0, 0.0], [-1.0, -1.0, 1.0])
    monitor = monitoring(model, limit=0.7)
    assert (monitor.warnings, model.stop_training) == ([], False)
    monitor = monitoring(model, stop_on="dead")
    assert monitor.warnings == [(0, "hidden", "dead")]
    assert said == ["layer hidden at step 0: 67% of its units are dead."]
    assert model.stop_training


def test_saturation_warns(said):
    monitoring(net("sigmoid", [9.0], [0.0]))
    assert said == ["layer hidden at step 0: 100% of its outputs are saturated."]


def test_history_has_it_and_training_is_as_without(digits):
    results = []
    for callbacks in ([], [SaturationMonitor(digits[0], interval=3)]):
        keras.utils.set_random_seed(1)
        model = tf_recipes.models.build(tf_recipes.catalog.get("best_practice"))
        history = model.fit(*digits, batch_size=8, epochs=2, verbose=0, callbacks=callbacks)
        results.append((history.history, [v.numpy() for v in model.variables]))
    assert results[1][0]["saturation_step"] == [6, 14]
    assert len(results[1][0]["hidden1_activation/asleep"]) == 2
    assert results[0][0]["loss"] == results[1][0]["loss"]
    for expected, found in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_model_without_such_an_activation_is_refused(fails):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "gelu", name="only")])
    model.compile("sgd", "mse", jit_compile=False)
    with fails("The model must have a layer with one of the activations sigmoid, tanh,", "only"):
        monitoring(model)


def test_bad_arguments(fails):
    with fails("`limit` must be a finite number in [0, 1)."):
        SaturationMonitor(X, limit=1)
    with fails("`layers` must be one of hidden."):
        monitoring(net("relu", [1.0], [0.0]), layers=["total"])


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_on_another_backend(backend, run_python):
    pytest.importorskip(backend, reason=f"{backend} is not installed; Keras can do without it")
    # for the target -1 the first step takes 0.1 * 2 * (0.15 + 1) = 0.23 off the bias of 0.15
    code = """
import keras, numpy as np, tf_recipes
layer = keras.layers.Dense(1, "relu", name="hidden", kernel_initializer="zeros",
                           bias_initializer=keras.initializers.Constant(0.15))
model = keras.Sequential([keras.Input((1,)), layer])
model.compile(keras.optimizers.SGD(0.1), "mse")
x = np.zeros((4, 1))
monitor = tf_recipes.SaturationMonitor(x, interval=1)
model.fit(x, x - 1, batch_size=1, shuffle=False, verbose=0, callbacks=[monitor])
print(keras.backend.backend(), [record["hidden/dead"] for record in monitor.records])
"""
    assert run_python(code, **xla_flags.on(backend)) == f"{backend} [0.0, 1.0, 1.0, 1.0, 1.0]"
