import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes.tools.diagnostics import layer_outputs


class Own(keras.Model):
    """Is a subclassed model with a model inside."""

    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(2, name="first")
        self.inner = keras.Sequential(
            [keras.layers.Dense(2, name="last"), keras.layers.Dense(1)], name="inner"
        )
        self.last = keras.layers.Dense(1, name="last")

    def call(self, x):
        return self.last(self.first(x)) + self.inner(x)


def test_leaves_of_a_functional_model_without_its_inputs():
    model = tf_recipes.models.build(tf_recipes.catalog.get("batch_norm"))
    names = ["hidden1", "hidden1_BatchNorm", "hidden1_activation", "hidden2", "hidden2_BatchNorm"]
    names += ["hidden2_activation", "outputs", "outputs_BatchNorm"]
    assert list(layer_outputs.leaves(model)) == names


def test_leaves_of_a_subclassed_model_tell_two_of_one_name_apart():
    model = Own()
    model.inner.layers[1].name = "out"
    assert list(layer_outputs.leaves(model)) == ["first", "inner/last", "out", "last"]
    assert layer_outputs.leaves(model)["inner/last"] is model.inner.layers[0]


def test_a_shared_layer_is_one_leaf():
    x = keras.Input((2,))
    shared = keras.layers.Dense(2, name="shared")
    assert list(layer_outputs.leaves(keras.Model(x, shared(shared(x))))) == ["shared"]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (keras.layers.Dense(1, "relu"), "relu"),
        (keras.layers.Dense(1), None),
        (keras.layers.Conv2D(1, 1, activation="sigmoid"), "sigmoid"),
        (keras.layers.Activation("tanh"), "tanh"),
        (keras.layers.Activation(tf_recipes.leaky_relu), "leaky_relu"),
        (keras.layers.Activation(tf_recipes.elu), "elu"),
        (keras.layers.ReLU(), "relu"),
        (keras.layers.ReLU(negative_slope=0.1), "leaky_relu"),
        (keras.layers.LeakyReLU(), "leaky_relu"),
        (keras.layers.ELU(), "elu"),
        (keras.layers.Dense(1, keras.layers.ReLU()), "relu"),
        (keras.layers.LSTM(1), None),
        (keras.layers.Activation("gelu"), None),
        (keras.layers.Dropout(0.5), None),
    ],
)
def test_activation(layer, expected):
    assert layer_outputs.activation(layer) == expected


def test_recording_notes_every_call_and_leaves_the_layer_as_it_was():
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="a")
    with layer_outputs.recording({"a": layer}) as seen:
        layer(np.array([[2.0]]))
        layer(np.array([[3.0], [4.0]]))
    layer(np.array([[5.0]]))
    assert [each.numpy().ravel().tolist() for each in seen["a"]] == [[2.0], [3.0, 4.0]]
    assert "call" not in vars(layer)


def test_recording_leaves_the_layer_as_it_was_after_an_error():
    layer = keras.layers.Dense(1)
    own = layer.call = lambda inputs: inputs
    with pytest.raises(KeyError), layer_outputs.recording({"a": layer}):
        raise KeyError
    assert layer.call is own
