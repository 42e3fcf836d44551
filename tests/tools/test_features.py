"""Tests the features of a net: which layer they come from, and that the net is unchanged."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tf_recipes import models
from tf_recipes.blocks.gradient_clipping import GradientClippingModel
from tf_recipes.recipe import Recipe
from tf_recipes.tools.features import Frozen, feature_extractor

X = np.linspace(-1, 1, 20, dtype="float32").reshape(5, 4)


@pytest.fixture(autouse=True)
def _seed():
    # Without a fixed seed, a feature may be so close to 0 that the relative tolerance fails.
    keras.utils.set_random_seed(1)


def dense(units, activation=None, **arguments):
    return layers.Dense(units, activation, bias_initializer="random_normal", **arguments)


def functional(cls=keras.Model, **arguments):
    inputs = keras.Input((4,))
    hidden = dense(3, "relu", name="hidden")(inputs)
    return cls(inputs, dense(2, name="outputs")(layers.Dropout(0.5)(hidden)), **arguments)


def sequential():
    return keras.Sequential(
        [keras.Input((4,)), dense(3, "relu", name="hidden"), dense(2, name="outputs")]
    )


def built_by_a_call():
    model = keras.Sequential([dense(3, "relu", name="hidden"), dense(2, name="outputs")])
    model(X)
    return model


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = dense(3, "relu", name="hidden")
        self.dropout = layers.Dropout(0.5)
        self.outputs_ = dense(2, name="outputs")

    def call(self, inputs, training=None):
        return self.outputs_(self.dropout(self.hidden(inputs), training=training))


def subclassed():
    model = Subclassed()
    model(X)
    return model


NETS = {
    "functional": functional,
    "sequential": sequential,
    "built_by_a_call": built_by_a_call,
    "subclassed": subclassed,
    "clipping": lambda: functional(GradientClippingModel, clip_value=1.0),
}


def by_hand(model, x=X):
    """max(0, x W + b), in NumPy."""
    kernel, bias = model.get_layer("hidden").get_weights()
    return np.maximum(x @ kernel + bias, 0)


@pytest.mark.parametrize("layer", [None, "hidden"])
@pytest.mark.parametrize("make", NETS.values(), ids=NETS)
def test_features_of_any_net(make, layer):
    model = make()
    extractor = feature_extractor(model, layer)
    np.testing.assert_allclose(extractor(X, training=False), by_hand(model), rtol=1e-6)
    assert isinstance(extractor, keras.Model) and extractor.output_shape == (None, 3)


@pytest.mark.parametrize("make", NETS.values(), ids=NETS)
def test_the_net_is_as_before_and_shares_its_weights(make):
    model = make()
    before = np.array(model(X, training=False))
    extractor = feature_extractor(model)
    assert extractor.weights[0] is model.get_layer("hidden").kernel
    np.testing.assert_array_equal(model(X, training=False), before)
    assert len(model.trainable_weights) == 4
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(X, before + 1, verbose=0)
    np.testing.assert_allclose(extractor(X, training=False), by_hand(model), rtol=1e-6)


@pytest.mark.parametrize("port", ["exact", "textbook"])
def test_a_batch_norm_behind_the_logits_is_passed_over(port):
    model = models.build(Recipe("small", hidden=(6, 5), batch_norm={}), port)
    assert "outputs_BatchNorm" in [layer.name for layer in model.layers]
    x = np.random.default_rng(0).random((3, 784), np.float32)
    extractor = feature_extractor(model)
    assert extractor.output_shape == (None, 5)
    kernel = model.get_layer("outputs").get_weights()[0]
    norm = model.get_layer("outputs_BatchNorm")
    logits = norm(np.array(extractor(x, training=False)) @ kernel, training=False)
    np.testing.assert_allclose(logits, model(x, training=False), rtol=1e-4, atol=1e-5)


def test_the_use_in_this_net_not_the_first():
    old = functional()
    inputs = keras.Input((4,))
    new = keras.Model(inputs, dense(2)(old.get_layer("hidden")(layers.Rescaling(10.0)(inputs))))
    np.testing.assert_allclose(
        feature_extractor(new, "hidden")(X), by_hand(old, 10 * X), rtol=1e-5, atol=1e-6
    )


def test_images_branches_and_parts_that_are_models():
    image, tags = keras.Input((6, 6, 1), name="image"), keras.Input((2,), name="tags")
    part = keras.Sequential(
        [layers.Conv2D(3, 3, activation="relu"), layers.GlobalAveragePooling2D()], name="part"
    )
    joined = layers.Concatenate(name="joined")([part(image), tags])
    model = keras.Model({"image": image, "tags": tags}, dense(2)(joined))
    x = {"image": np.ones((5, 6, 6, 1)), "tags": X[:, :2]}
    found = feature_extractor(model)(x)
    np.testing.assert_array_equal(found[:, 3:], X[:, :2])
    np.testing.assert_array_equal(found[:, :3], feature_extractor(model, "part")(x))


def test_it_saves_and_loads(tmp_path):
    extractor = feature_extractor(functional())
    extractor.save(tmp_path / "features.keras")
    loaded = keras.saving.load_model(tmp_path / "features.keras")
    np.testing.assert_array_equal(loaded(X), extractor(X))


def trained_with(part):
    """Returns a model of `part` and a dense layer, after a step of training."""
    inputs = keras.Input((4,))
    model = keras.Model(inputs, dense(1)(part(inputs)))
    model.compile("sgd", "mse", jit_compile=False)
    model.fit(X, X[:, :1] + 1, verbose=0)
    return model


def part():
    return keras.Sequential(
        [keras.Input((4,)), dense(3), layers.BatchNormalization(), layers.Dropout(0.5)]
    )


def test_what_is_frozen_stays_as_it_is():
    frozen = part()
    before, given = frozen.get_weights(), np.array(frozen(X, training=False))
    model = trained_with(Frozen(frozen))
    for now, then in zip(frozen.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert [weight.shape for weight in model.trainable_weights] == [(3, 1), (1,)]
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(model(X, training=True), given @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_frozen_config_round_trip():
    frozen = Frozen(feature_extractor(functional()), name="frozen")
    text = json.dumps(keras.saving.serialize_keras_object(frozen))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert isinstance(again, Frozen) and again.trainable_variables == []
    assert json.dumps(again.get_config()) == json.dumps(frozen.get_config())


def twice():
    inputs, layer = keras.Input((4,)), dense(4, name="hidden")
    return keras.Model(inputs, layer(layer(inputs)))


@pytest.mark.parametrize("layer", [None, "hidden"])
def test_a_layer_that_is_used_twice(layer, fails):
    with fails("once", "layer='hidden', which it uses 2 times"):
        feature_extractor(twice(), layer)


def test_several_outputs(fails):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, [dense(2, name="one")(inputs), dense(3, name="other")(inputs)])
    with fails("several outputs", "2 outputs", "Pass the name of the features' layer"):
        feature_extractor(model)
    assert feature_extractor(model, "one").output_shape == (None, 2)


def test_no_kernel(fails):
    inputs = keras.Input((4,))
    with fails("must have a layer with a kernel", "Pass the name of the features' layer"):
        feature_extractor(keras.Model(inputs, layers.BatchNormalization()(inputs)))


def test_a_layer_that_it_lacks(fails):
    with fails("layer='hiden'", "Choose one of these names: ", "hidden", "outputs"):
        feature_extractor(functional(), "hiden")


@pytest.mark.parametrize("model", [None, "model.keras", layers.Dense(1)])
def test_no_model(model, fails):
    with fails("`model` must be a keras.Model.", "model="):
        feature_extractor(model)


@pytest.mark.parametrize("make", [Subclassed, lambda: keras.Sequential([dense(2)])])
def test_not_built(make, fails):
    with fails("`model` must be built", "Call the model on a batch first"):
        feature_extractor(make())


class OfTensorFlow(Subclassed):
    def call(self, inputs, training=None):
        return self.outputs_(tf.nn.relu(self.hidden(inputs)))


def test_a_call_that_keras_cannot_trace(fails):
    model = OfTensorFlow()
    model(X)
    with fails("must consist of layers and keras.ops", "whose call fails with: "):
        feature_extractor(model)
