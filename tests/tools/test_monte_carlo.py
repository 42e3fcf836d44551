"""Tests Monte-Carlo dropout: exact sums, an unchanged model, seeds, errors."""

import itertools
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import xla_flags
from tf_recipes.blocks.dropout import Dropout
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.tools.monte_carlo import (
    entropy,
    monte_carlo_dropout,
    subnetwork_probabilities,
    summarize,
)

FIELDS = ("probabilities", "standard_deviation", "predictive_entropy", "mutual_information")
DROPOUTS = {
    "Dropout": lambda: keras.layers.Dropout(0.5),
    "GaussianDropout": lambda: keras.layers.GaussianDropout(0.5),
    "AlphaDropout": lambda: keras.layers.AlphaDropout(0.5),
    "tf_recipes.Dropout": lambda: Dropout(0.5),
}
x = np.random.default_rng(0).normal(size=(12, 6)).astype("float32")


def dense(units, **arguments):
    return keras.layers.Dense(
        units, kernel_initializer=keras.initializers.GlorotUniform(1), **arguments
    )


def network(dropout=None, activation=None, cls=keras.Model):
    inputs = keras.Input((6,))
    dropped = (dropout or keras.layers.Dropout(0.5))(dense(16, activation="relu")(inputs))
    return cls(inputs, dense(3, activation=activation)(dropped))


def same(one, other):
    return all((getattr(one, name) == getattr(other, name)).all() for name in FIELDS)


def state(model):
    return [keras.ops.convert_to_numpy(variable) for variable in model.variables]


def linear():
    """Returns a model with probabilities (3/4, 1/4) for a kept input of 1, else (1/4, 3/4).

    1/4 + 1/4 * 2 = 3/4, 3/4 - 1/4 * 2 = 1/4; 1/4 + 0 = 1/4, 3/4 - 0 = 3/4.
    """
    inputs = keras.Input((1,))
    outputs = keras.layers.Dense(2)(keras.layers.Dropout(0.5)(inputs))
    model = keras.Model(inputs, outputs)
    model.set_weights([np.array([[0.25, -0.25]]), np.array([0.25, 0.75])])
    return model


def test_a_linear_layer_by_hand():
    ones = np.ones((2000, 1), "float32")
    found = monte_carlo_dropout(linear(), ones, 200, 1000, activation=None, seed=1)
    # mean 1/2; deviation 1/4 from it; H(1/2, 1/2) = log 2; H(1/4, 3/4) = 0.56233514
    means = {
        "probabilities": 0.5,
        "standard_deviation": 0.25,
        "predictive_entropy": np.log(2),
        "mutual_information": np.log(2) - 0.56233514,
    }
    for name, expected in means.items():
        assert abs(getattr(found, name).mean() - expected) < 0.005, name


def test_every_mask_of_a_small_net_in_turn():
    """Compares with the exact average over the 16 masks of four units, which are equally likely."""
    inputs = keras.Input((4,))
    model = keras.Model(inputs, dense(3)(keras.layers.Dropout(0.5)(inputs)))
    kernel, bias = model.get_weights()
    row = np.array([1.0, -2.0, 0.5, 3.0], "float32")
    logits = np.array(
        [2 * row * mask @ kernel + bias for mask in itertools.product((0, 1), repeat=4)]
    )
    each = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)  # (16, 3)
    mean = each.mean(0)
    inside = -(each * np.log(each)).sum(-1).mean()
    total = -(mean * np.log(mean)).sum()
    rows = np.repeat(row[None], 500, axis=0)
    found = monte_carlo_dropout(model, rows, samples=100, batch_size=500, seed=1)
    drawn = found.probabilities.mean(0)
    error = 5 * each.std(0) / np.sqrt(50_000)
    assert (np.abs(drawn - mean) < error).all()
    spread = np.sqrt((found.standard_deviation**2).mean(0))
    np.testing.assert_allclose(spread, each.std(0), rtol=0.02)
    # of 100 samples the mean entropy is a little low: by about (3 - 1) / 200
    assert abs(found.predictive_entropy.mean() - total) < 0.01
    assert abs(found.mutual_information.mean() - (total - inside)) < 0.01


def test_the_sums_are_those_of_the_draws():
    model = network()
    draws = subnetwork_probabilities(model, x, 7, batch_size=5, seed=2)
    found = monte_carlo_dropout(model, x, 7, batch_size=5, seed=2)
    assert draws.shape == (7, 12, 3) and draws.dtype == np.float64
    np.testing.assert_allclose(draws.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(found.probabilities, draws.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.standard_deviation, draws.std(0, ddof=1), rtol=1e-9)
    total = -(draws.mean(0) * np.log(draws.mean(0))).sum(-1)
    inside = -(draws * np.log(draws)).sum(-1).mean(0)
    np.testing.assert_allclose(found.predictive_entropy, total, rtol=1e-12)
    np.testing.assert_allclose(found.mutual_information, total - inside, atol=1e-12)


def test_entropy_of_what_is_certain_and_of_what_is_not():
    found = entropy(np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert found[0] == 0 and not np.signbit(found[0])
    assert found[1] == pytest.approx(np.log(2))


def test_logits_and_probabilities_say_the_same():
    logits, probabilities = network(), network(activation="softmax")
    probabilities.set_weights(logits.get_weights())
    one = monte_carlo_dropout(logits, x, 5, seed=1)
    other = monte_carlo_dropout(probabilities, x, 5, activation=None, seed=1)
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-6)


@pytest.mark.parametrize("make", DROPOUTS.values(), ids=DROPOUTS)
def test_every_kind_of_dropout_draws_as_in_training(make):
    model = network(make())
    draws = subnetwork_probabilities(model, x, 200, seed=1)
    assert (draws.std(0) > 0.01).all()
    training = np.array([keras.ops.softmax(model(x, training=True)) for _ in range(200)])
    error = 5 * draws.std(0) * np.sqrt(2 / 200)
    assert (np.abs(draws.mean(0) - training.mean(0)) < error).all()


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_spatial_dropout_draws_whole_channels(rank):
    shape = (2,) * rank
    inputs = keras.Input((*shape, 3))
    dropped = getattr(keras.layers, f"SpatialDropout{rank}D")(0.5)(inputs)
    model = keras.Model(inputs, keras.layers.Activation("linear")(dropped))
    draws = subnetwork_probabilities(model, np.ones((4, *shape, 3), "float32"), 3, seed=1)
    # softmax of 2s and 0s, the same at each place of an image
    places = draws.reshape(3, 4, -1, 3)
    np.testing.assert_array_equal(places, np.broadcast_to(places[:, :, :1], places.shape))
    assert len(np.unique(draws.round(6))) > 2


class Block(keras.layers.Layer):
    """Contains dropout in a list in a dict, and dropout that attention creates inside."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.attention = keras.layers.MultiHeadAttention(2, 3, dropout=0.5)
        self.parts = {"last": [keras.layers.Dropout(0.5)]}

    def call(self, inputs, training=None):
        values = self.attention(inputs, inputs, training=training)
        return self.parts["last"][0](values, training=training)


class Subclassed(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.layer, self.flatten, self.head = layer, keras.layers.Flatten(), dense(3)

    def call(self, inputs, training=None):
        return self.head(self.flatten(self.layer(inputs, training=training)))


def nested():
    inputs = keras.Input((6,))
    return keras.Sequential([inputs, keras.Sequential([inputs, network()]), dense(3)])


@pytest.mark.parametrize(
    "make",
    [
        nested,
        lambda: Subclassed(keras.layers.Dropout(0.5)),
        lambda: Subclassed(keras.Sequential([keras.layers.Reshape((2, 3)), Block()])),
        lambda: keras.Sequential(
            [
                keras.layers.Reshape((2, 3)),
                keras.layers.TimeDistributed(keras.layers.Dropout(0.5)),
                keras.layers.Flatten(),
                dense(3),
            ]
        ),
        lambda: network(cls=FastFitModel),
    ],
    ids=["nested", "subclassed", "inside a layer", "wrapped", "fast fit"],
)
def test_dropout_is_found_wherever_it_is(make):
    model = make()  # not built yet, some of them
    found = monte_carlo_dropout(model, x, 10, seed=1)
    assert (found.mutual_information > 0).all()
    before = state(model)
    np.testing.assert_array_equal(model(x, training=False), model(x, training=False))
    assert all((a == b).all() for a, b in zip(before, state(model), strict=True))


def test_both_dropouts_of_a_block_draw():
    for drawing in ("attention", "parts"):
        block = Block()
        if drawing == "attention":
            block.parts["last"][0].rate = 0
        model = Subclassed(keras.Sequential([keras.layers.Reshape((2, 3)), block]))
        assert (monte_carlo_dropout(model, x, 10, seed=1).standard_deviation > 0).all()


def test_several_inputs_and_places():
    a, b = keras.Input((2,), name="a"), keras.Input((4, 2), name="b")
    joined = keras.layers.Dropout(0.5)(b + keras.ops.expand_dims(a, 1))
    model = keras.Model({"a": a, "b": b}, dense(3)(joined))
    data = {"a": np.ones((5, 2), "float32"), "b": np.ones((5, 4, 2), "float32")}
    found = monte_carlo_dropout(model, data, 4, batch_size=2, seed=1)
    assert found.probabilities.shape == (5, 4, 3)
    assert found.predictive_entropy.shape == found.mutual_information.shape == (5, 4)


def normalized():
    inputs = keras.Input((6,))
    values = keras.layers.BatchNormalization(momentum=0.5)(dense(16)(inputs))
    values = keras.layers.Dropout(0.5)(keras.layers.GaussianNoise(1.0)(values))
    model = keras.Model(inputs, dense(3)(keras.layers.BatchNormalization()(values)))
    model.compile("adam", "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
    model.fit(x, x[:, :3], epochs=2, verbose=0)
    return model


def test_everything_but_dropout_is_in_evaluation():
    """Compares with evaluation: in training mode, batch norm would mix the rows."""
    model = normalized()
    noise = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    for layer in noise:
        layer.rate = 1e-6  # keeps all, in any likely draw
    found = subnetwork_probabilities(model, x, 3, seed=1)
    plain = keras.ops.softmax(model(x, training=False))
    np.testing.assert_allclose(found, np.broadcast_to(plain, found.shape), atol=1e-4)
    assert np.abs(keras.ops.softmax(model(x, training=True)) - plain).max() > 0.01


def test_the_model_is_as_it_was():
    model = normalized()
    before, plain = state(model), model.predict(x, verbose=0)
    monte_carlo_dropout(model, x, 5, seed=1)
    assert all((a == b).all() for a, b in zip(before, state(model), strict=True))
    np.testing.assert_array_equal(model.predict(x, verbose=0), plain)
    model(x, training=True)  # which updates the averages and the generators
    assert any((a != b).any() for a, b in zip(before, state(model), strict=True))


@pytest.mark.parametrize("cls", [keras.Model, FastFitModel])
@pytest.mark.parametrize("make", [DROPOUTS["Dropout"], DROPOUTS["tf_recipes.Dropout"]])
def test_a_training_goes_on_as_if_nothing_had_been(cls, make):
    def trained(between):
        keras.utils.set_random_seed(5)
        model = network(make(), cls=cls)
        model.compile("adam", "mse", jit_compile=False)
        model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
        for epoch in range(3):
            model.fit(x, x[:, :3], batch_size=4, verbose=0)
            if between:
                monte_carlo_dropout(model, x, 5, seed=epoch if epoch else None)
        return state(model)

    for plain, other in zip(trained(False), trained(True), strict=True):
        np.testing.assert_array_equal(other, plain)


def test_a_seed_gives_the_same_whatever_was_drawn_before(tmp_path):
    model = network()
    first = monte_carlo_dropout(model, x, 5, batch_size=5, seed=3)
    model(x, training=True)
    np.random.default_rng().random()
    assert same(monte_carlo_dropout(model, x, 5, batch_size=5, seed=3), first)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert same(monte_carlo_dropout(loaded, x, 5, batch_size=5, seed=3), first)
    assert not same(monte_carlo_dropout(model, x, 5, batch_size=5, seed=4), first)
    unseeded = [monte_carlo_dropout(model, x, 5) for _ in range(2)]
    assert not same(*unseeded)


def test_layers_batches_and_samples_have_masks_of_their_own():
    inputs = keras.Input((40,))
    first, second = (keras.layers.Dropout(0.5, seed=1) for _ in range(2))
    halves = keras.ops.stack([first(inputs), second(inputs)], axis=-1)
    model = keras.Model(inputs, halves)  # (n, 40, 2), logits of 0 or 2
    draws = subnetwork_probabilities(model, np.ones((2, 40), "float32"), 2, batch_size=1, seed=1)
    kept = np.log(draws / (1 - draws))[..., 0]  # 0 where both layers agree
    assert 0.2 < (np.abs(kept) > 1).mean() < 0.8
    masks = [tuple(mask) for mask in kept.round().reshape(4, 40)]
    assert len(set(masks)) == 4


def test_draws_are_summed_up_as_they_come():
    references = []

    def draws():
        for _ in range(50):
            drawn = np.array([[0.5, 0.5]])
            references.append(weakref.ref(drawn))
            assert sum(reference() is not None for reference in references) <= 3
            yield drawn

    assert summarize(draws()).probabilities.tolist() == [[0.5, 0.5]]


def test_half_precision(policy):
    policy("mixed_float16")
    for activation in (None, "softmax"):
        model = network(activation=None if activation else "softmax")
        found = monte_carlo_dropout(model, x, 5, activation=activation, seed=1)
        assert found.probabilities.dtype == np.float64
        np.testing.assert_allclose(found.probabilities.sum(-1), 1, atol=5e-3)


def two_outputs():
    inputs = keras.Input((6,))
    values = keras.layers.Dropout(0.5)(inputs)
    return keras.Model(inputs, [dense(3)(values), dense(3)(values)])


def one_class():
    inputs = keras.Input((6,))
    return keras.Model(inputs, dense(1)(keras.layers.Dropout(0.5)(inputs)))


def recurrent():
    inputs = keras.Input((6,))
    values = keras.layers.Reshape((2, 3))(keras.layers.Dropout(0.5)(inputs))
    return keras.Model(inputs, keras.layers.LSTM(3, dropout=0.5)(values))


class OnlyInTraining(Subclassed):
    def build(self, input_shape):
        self.head.build(input_shape)

    def call(self, inputs, training=None):
        values = self.layer(inputs, training=True) if training else inputs
        return self.head(self.flatten(values))


class Compiled(Subclassed):
    @tf.function(autograph=False)
    def call(self, inputs, training=None):
        return super().call(inputs, training=training)


def diverged():
    model = network()
    model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
    return model


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: keras.Sequential([keras.Input((6,)), dense(3)]), ["a dropout layer", "without"]),
        (lambda: network(keras.layers.Dropout(0.0)), ["that drops something"]),
        (lambda: network(Dropout(1.0)), ["that drops something"]),
        (lambda: network(keras.layers.GaussianNoise(1.0)), ["that drops something"]),
        (recurrent, ["recurrent cells", "dropout=0.5"]),
        (two_outputs, ["one output", "[(12, 3), (12, 3)]"]),
        (one_class, ["two classes or more", "(12, 1)"]),
        (lambda: network(activation="softmax"), ["activation='softmax'", "are probabilities"]),
        (diverged, ["finite logits", "nan"]),
        (lambda: OnlyInTraining(keras.layers.Dropout(0.5)), ["in evaluation, too", "not called"]),
        (lambda: np.tanh, ["`model` must be a Keras model", "tanh"]),
    ],
    ids=[
        "none",
        "rate 0",
        "keep_prob 1",
        "noise",
        "recurrent",
        "two outputs",
        "one class",
        "probabilities",
        "diverged",
        "only in training",
        "no model",
    ],
)
def test_models_that_cannot_be(make, parts, fails):
    with fails(*parts):
        monte_carlo_dropout(make(), x, 3, seed=1)


def test_a_compiled_call_is_refused_and_stays_what_it_was(fails):
    model = Compiled(keras.layers.Dropout(0.5))
    with pytest.raises(ValueError, match="`call` must not be compiled"):
        monte_carlo_dropout(model, x[:5], 3, seed=1)
    for rows in (x[:5], x):
        np.testing.assert_array_equal(model(rows, training=False), model(rows, training=False))


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"samples": 1}, ["`samples`", "at least 2", "samples=1"]),
        ({"samples": 2.0}, ["`samples`", "2.0"]),
        ({"batch_size": 0}, ["`batch_size`", "0"]),
        ({"activation": "sigmoid"}, ["`activation`", "'sigmoid'"]),
        ({"activation": None}, ["activation=None", "are not probabilities"]),
        ({"seed": -1}, ["`seed`", "-1"]),
        ({"x": x[:0]}, ["at least one", "(0, 6)"]),
        ({"x": [x, x[:5]]}, ["the same number of rows", "(5, 6)"]),
        ({"x": 3.0}, ["must be arrays", "()"]),
    ],
)
def test_bad_arguments(arguments, parts, fails):
    for function in (monte_carlo_dropout, subnetwork_probabilities):
        with fails(*parts):
            function(**{"model": network(), "x": x, "samples": 3, **arguments})


def test_after_an_error_the_model_is_as_it_was():
    model = network(activation="softmax")
    before = state(model)
    with pytest.raises(ValueError, match="are probabilities"):
        monte_carlo_dropout(model, x, 3)
    np.testing.assert_array_equal(model(x), model(x))
    assert all((a == b).all() for a, b in zip(before, state(model), strict=True))


def test_one_draw_is_no_average(fails):
    with fails("`count of draws`", "at least 2"):
        summarize([np.array([[0.5, 0.5]])])


OTHER_BACKEND = """
import keras, numpy as np
from tf_recipes.tools.monte_carlo import monte_carlo_dropout
from tf_recipes import Dropout
inputs = keras.Input((6,))
values = keras.layers.Dropout(0.5)(Dropout(0.9)(inputs))
model = keras.Model(inputs, keras.layers.Dense(3)(values))
found = [monte_carlo_dropout(model, np.ones((5, 6), "float32"), 20, seed=1) for _ in range(2)]
assert (found[0].probabilities == found[1].probabilities).all()
assert (found[0].standard_deviation > 0).all()
print(keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_on_another_backend(backend, run_python):
    pytest.importorskip(backend, reason=f"{backend} is not installed; Keras can do without it")
    assert run_python(OTHER_BACKEND, **xla_flags.on(backend)) == backend


@pytest.mark.parametrize(
    "layer",
    [
        lambda x: keras.layers.Attention(dropout=0.5)([x, x]),
        lambda x: keras.layers.ConvLSTM1D(2, 1, recurrent_dropout=0.3)(
            keras.layers.Reshape((3, 4, 1))(x)
        ),
    ],
    ids=["attention", "ConvLSTM"],
)
def test_dropout_that_a_layer_does_by_itself_is_refused(layer, fails):
    x = keras.Input((3, 4))
    outputs = keras.layers.Flatten()(layer(keras.layers.Dropout(0.5)(x)))
    model = keras.Model(x, keras.layers.Dense(2)(outputs))
    with fails("cannot draw dropout that another kind of layer does inside", "dropout"):
        monte_carlo_dropout(model, np.ones((2, 3, 4), "float32"), samples=2)
