"""Tests which layers of a model are found by name; test_transfer.py tests their use in transfer."""

import keras

from tf_recipes.blocks import _layer_names


def test_layers_with_weights_each_once_and_nested_ones_by_their_path():
    inner = keras.Sequential([keras.layers.Dense(2, name="a"), keras.layers.ReLU()], name="inner")
    shared = keras.layers.Dense(2, name="shared")
    x = keras.Input((2,))
    model = keras.Model(x, shared(inner(shared(x))))
    assert list(_layer_names.layers_with_weights("model", model)) == ["shared", "inner/a"]
    assert _layer_names.is_nested(inner) and not _layer_names.is_nested(shared)


def test_two_layers_of_one_name_are_refused(fails):
    class Twice(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.other = (keras.layers.Dense(1, name="a") for _ in range(2))

        def call(self, x):
            return self.one(x) + self.other(x)

    model = Twice()
    model(keras.ops.ones((1, 2)))
    with fails("Layers with weights must have different names.", "two layers 'a' in `model`"):
        _layer_names.layers_with_weights("model", model)


def test_shapes_are_named_on_both_sides(fails):
    narrow, wide = keras.layers.Dense(1), keras.layers.Dense(2)
    for layer in (narrow, wide):
        layer.build((None, 3))
    with fails(
        "layer 'h': Dense with kernel float32 (3, 1)", "'s': Dense with kernel float32 (3, 2)"
    ):
        _layer_names.check_alike("h", narrow, "s", wide)
