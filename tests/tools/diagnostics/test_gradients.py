"""Tests GradientMonitor's figures by hand and by NumPy, and that training does not change."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf_recipes.tools.diagnostics.gradients import GradientMonitor


def monitored(model, x, y, **options):
    monitor = GradientMonitor(x, y, **options)
    monitor.set_model(model)
    monitor.on_train_begin()
    return monitor


def test_one_unit_by_hand(chain, data):
    # w = 2, x = 1 and 3, y = 0: outputs 2 and 6, loss mean((w x)^2) = 20,
    # gradient mean(2 w x^2) = 20, update 0.01 * 20 = 0.2 of w = 2
    figures = monitored(chain(2.0), *data).records[0]
    assert figures == {
        "step": 0,
        "a/gradient_norm": pytest.approx(20.0),
        "a/activation_mean": pytest.approx(4.0),
        "a/activation_std": pytest.approx(2.0),
        "a/update_ratio": pytest.approx(0.1),
    }


def test_two_layers_against_numpy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), rng.integers(0, 4, 6)
    w1, b1, w2 = rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(5, 4))
    hidden = np.maximum(x @ w1 + b1, 0)
    scores = np.exp(hidden @ w2)
    error = (scores / scores.sum(1, keepdims=True) - np.eye(4)[y]) / 6
    behind = (error @ w2.T) * (hidden > 0)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(5, "relu", name="hidden"),
            keras.layers.Dense(4, use_bias=False, name="out"),
        ]
    )
    model.set_weights([w1, b1, w2])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.5), loss)
    seen = monitored(model, x.astype("float32"), y).records[0]
    first = np.sqrt(((x.T @ behind) ** 2).sum() + (behind.sum(0) ** 2).sum())
    last = np.linalg.norm(hidden.T @ error)
    assert seen["hidden/gradient_norm"] == pytest.approx(first, rel=1e-5)
    assert seen["out/gradient_norm"] == pytest.approx(last, rel=1e-5)
    assert seen["hidden/activation_mean"] == pytest.approx(hidden.mean(), rel=1e-5)
    assert seen["hidden/activation_std"] == pytest.approx(hidden.std(), rel=1e-5)
    weights = np.sqrt((w1**2).sum() + (b1**2).sum())
    assert seen["hidden/update_ratio"] == pytest.approx(0.5 * first / weights, rel=1e-5)


def test_the_update_is_that_of_the_models_own_training_step(data):
    inputs = keras.Input((1,))
    line = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="a")
    model = tf_recipes.GradientClippingModel(inputs, line(inputs), clip_value=0.5)
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    seen = monitored(model, *data).records[0]
    assert seen["a/gradient_norm"] == pytest.approx(10.0)  # not clipped: mean(2 x^2)
    assert seen["a/update_ratio"] == pytest.approx(0.05)  # 0.1 * 0.5, of a weight of 1


def test_a_loss_scale_is_taken_out(chain, data):
    model = chain(2.0, optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01)))
    seen = monitored(model, *data).records[0]
    assert seen["a/gradient_norm"] == pytest.approx(20.0)
    assert seen["a/update_ratio"] == pytest.approx(0.1)


def test_a_sparse_gradient_is_added_up_where_it_names_a_row_twice():
    # the rows' sum is 3 e, so that the gradient by e is 2 * 3 e * 3 = 36 for e = 2
    inputs = keras.Input((3,), dtype="int32")
    table = keras.layers.Embedding(2, 1, embeddings_initializer=keras.initializers.Constant(2.0))
    model = keras.Model(inputs, keras.layers.Lambda(lambda t: keras.ops.sum(t, 1))(table(inputs)))
    model.compile("sgd", "mse", jit_compile=False)
    seen = monitored(model, np.zeros((1, 3), "int32"), np.zeros((1, 1))).records[0]
    assert seen[f"{table.name}/gradient_norm"] == pytest.approx(36.0)


def test_weights_of_zero_count_as_they_are_after_the_update(chain, data):
    x, y = data
    seen = monitored(chain(0.0), x, y + 1)
    assert seen.records[0]["a/update_ratio"] == pytest.approx(1.0)
    assert seen.warnings == []


def test_a_frozen_layer_has_activations_only(chain, data):
    model = chain(2.0, 1.0)
    model.layers[0].trainable = False
    model.compile("sgd", "mse", jit_compile=False)
    monitor = monitored(model, *data)
    assert not any(key.startswith("a/") for key in monitor.records[0])
    assert monitor.records[0]["b/gradient_norm"] == pytest.approx(40.0)  # mean(2 w (2 x)^2), w = 1


def busy_model():
    keras.utils.set_random_seed(3)
    recipe = tf_recipes.catalog.get("best_practice").replace(hidden=[16, 8], clip_value=0.02)
    return tf_recipes.models.build(recipe)


def plain_model():
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(16, "relu", kernel_constraint="max_norm")]
    layers += [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(use_ema=True), loss, metrics=["accuracy"])
    return model


@pytest.mark.parametrize("build", [busy_model, plain_model])
def test_training_goes_on_with_the_same_bits(build, digits):
    results = []
    for callbacks in ([], [GradientMonitor(*digits, interval=3)]):
        model = build()
        keras.utils.set_random_seed(4)
        history = model.fit(*digits, batch_size=8, epochs=2, verbose=0, callbacks=callbacks).history
        variables = [*model.variables, *model.optimizer.variables]
        results.append(([v.numpy() for v in variables], history["loss"], history["accuracy"]))
    assert len(callbacks[0].records) == 5
    assert results[0][1:] == results[1][1:]
    for expected, found in zip(results[0][0], results[1][0], strict=True):
        np.testing.assert_array_equal(found, expected)


class TwoOptimizers(keras.Model):
    """Has a step that also changes a variable with a second optimizer, as in a GAN."""

    def __init__(self):
        super().__init__()
        self.a = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="a")
        self.other = keras.optimizers.SGD(0.1, momentum=0.9)
        self.counter = tf.Variable(0)

    def call(self, x):
        return self.a(x)

    def train_step(self, data):
        if not self.other.built:
            self.other.build(self.trainable_variables)
        self.counter.assign_add(1)
        self.other.apply([tf.ones((1, 1))], self.trainable_variables)
        return super().train_step(data)


def test_optimizers_and_variables_of_the_models_own_are_put_back(data):
    results = []
    for callbacks in ([], [GradientMonitor(*data, interval=1)]):
        model = TwoOptimizers()
        model.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=False)
        model(data[0])
        model.other.build(model.trainable_variables)
        model.fit(*data, batch_size=1, epochs=3, verbose=0, shuffle=False, callbacks=callbacks)
        variables = [*model.variables, *model.other.variables, model.counter]
        results.append([v.numpy() for v in variables])
    assert results[0][-1] == 6
    for expected, found in zip(*results, strict=True):
        np.testing.assert_array_equal(found, expected)


class Counting(keras.layers.Layer):
    """Counts its calls, in a variable of Keras and in one of TensorFlow."""

    def build(self, shape):
        self.calls = self.add_weight((), initializer="zeros", trainable=False)
        self.own = {"calls": [tf.Variable(0.0, trainable=False)]}

    def call(self, x):
        self.calls.assign_add(1.0)
        self.own["calls"][0].assign_add(1.0)
        return x


@pytest.mark.parametrize("eagerly", [True, False])
def test_layers_with_a_state_get_it_back(eagerly):
    """Keras lists the states of a stateful RNN nowhere, and calls of the layer change them."""
    keras.utils.set_random_seed(3)
    x, y = np.random.default_rng(0).random((2, 3, 4), "float32"), np.ones((2, 1), "float32")
    rnn, counting = keras.layers.SimpleRNN(3, stateful=True), Counting()
    inputs = keras.Input(batch_shape=x.shape)
    hidden = keras.layers.BatchNormalization()(keras.layers.Dropout(0.5)(counting(rnn(inputs))))
    model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    model.compile("adam", "mse", metrics=["mae"], run_eagerly=eagerly)
    model(x)  # a state that is not 0
    kept = [*model.variables, *rnn.states, *counting.own["calls"]]
    before = [each.numpy() for each in kept]
    assert np.abs(before[-2]).min() > 0 and before[-1] == 1
    monitored(model, x, y)
    for expected, each in zip(before, kept, strict=True):
        np.testing.assert_array_equal(each.numpy(), expected, getattr(each, "path", each.name))


@pytest.mark.parametrize("eagerly", [True, False])
def test_eager_models_and_heads_without_a_loss(data, eagerly):
    x = keras.Input((1,))
    line = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="a")(x)
    other = keras.layers.Dense(1, name="b")(x)
    model = keras.Model(x, [line, other])
    model.compile(keras.optimizers.SGD(0.01), loss=["mse", None], run_eagerly=eagerly)
    with pytest.warns(UserWarning, match="Gradients do not exist"):  # as Keras' own `fit` does
        seen = monitored(model, data[0], [data[1], None]).records[0]
    assert seen["a/gradient_norm"] == pytest.approx(10.0)  # mean(2 x^2)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.a = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="a")

    def call(self, x):
        return 2 * self.a(x)


def test_a_subclassed_model_that_is_not_built(data):
    model = Subclassed()
    model.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=False)
    # loss mean((2 w x)^2), gradient mean(8 w x^2) = 40
    assert monitored(model, *data).records[0]["a/gradient_norm"] == pytest.approx(40.0)


def test_a_vanishing_gradient_names_layer_and_step(chain, data, said):
    # gradients: by a mean(2 a b^2 x^2) = 10 b^2 a, by b 10 a^2 b; their ratio is b / a
    monitor = monitored(chain(1.0, 0.9e-3), *data)
    assert monitor.warnings == [(0, "a", "vanishing")]
    assert said == [
        "layer a at step 0: its gradient vanishes: norm 8.1e-06, against 0.009 at layer b."
    ]
    assert monitored(chain(1.0, 1.1e-3), *data).warnings == []


def test_an_exploding_gradient(chain, data, said):
    tiny = keras.optimizers.SGD(1e-9)
    monitor = monitored(chain(1.0, 1.1e3, optimizer=tiny), *data)
    assert monitor.warnings == [(0, "a", "exploding")]
    assert said[0].startswith("layer a at step 0: its gradient explodes: norm 1.21e+07, against")


def test_an_update_larger_than_the_weights(chain, data, said):
    monitor = monitored(chain(1.0, optimizer=keras.optimizers.SGD(0.11)), *data)
    assert monitor.warnings == [(0, "a", "exploding")]
    assert said == ["layer a at step 0: its update is 1.1 times as large as its weights."]
    assert monitored(chain(1.0, optimizer=keras.optimizers.SGD(0.09)), *data).warnings == []


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_what_is_not_finite(chain, data, said, value):
    x, y = data
    monitor = monitored(chain(1.0, 1.0), x * value, y)
    assert monitor.warnings == [(0, "a", "non_finite"), (0, "b", "non_finite")]
    assert said[0] == f"layer a at step 0: its gradient norm is {value}."


def test_no_gradient_at_all_vanishes_everywhere(chain, data, said):
    assert monitored(chain(1.0, 0.0), *data).warnings == [
        (0, "a", "vanishing"),
        (0, "b", "vanishing"),
    ]


def test_training_stops_at_what_is_not_finite_and_not_before(chain, data, said):
    model = chain(1.0, 1.0, optimizer=keras.optimizers.SGD(2.0))  # diverges
    monitor = GradientMonitor(*data, interval=1, stop_on="non_finite")
    model.fit(*data, batch_size=2, epochs=100, verbose=0, callbacks=[monitor])
    *before, last = monitor.records
    assert len(before) > 2
    assert all(np.isfinite(list(record.values())).all() for record in before)
    assert not np.isfinite(list(last.values())).all()
    assert int(model.optimizer.iterations) == last["step"]


def test_chosen_layers(chain, data, fails):
    seen = monitored(chain(1.0, 2.0), *data, layers=["b"]).records[0]
    assert {key.partition("/")[0] for key in seen} == {"step", "b"}
    with fails("`layers` must be one of a, b.", "layers='c'"):
        monitored(chain(1.0, 2.0), *data, layers=["c"])


def test_the_last_layer_is_the_one_that_is_called_last(data, said):
    class HeadFirst(keras.Model):
        def __init__(self):
            super().__init__()
            one = {"use_bias": False, "kernel_initializer": "ones"}
            self.head = keras.layers.Dense(1, name="head", **one)
            self.body = keras.layers.Dense(1, name="body", **one)

        def call(self, x):
            return self.head(self.body(x))

    model = HeadFirst()
    model.compile(keras.optimizers.SGD(1e-9), "mse", jit_compile=False)
    model(data[0])
    model.head.kernel.assign([[1e-4]])  # gradients: by the body 1e-8, by the head 1e-4, times 10
    assert monitored(model, *data).warnings == [(0, "body", "vanishing")]
    assert said[0].endswith("against 0.001 at layer head.")
    assert monitored(model, *data, layers="body").warnings == [(0, "body", "vanishing")]


def test_a_layer_that_nothing_reaches_does_not_make_the_others_explode(data, said):
    x = keras.Input((1,))
    line = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="a")(x)
    last = keras.layers.Dense(1, name="idle")(line)
    model = keras.Model(x, [line, last])
    model.compile(keras.optimizers.SGD(1e-3), loss=["mse", None])
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        monitor = monitored(model, data[0], [data[1], None])
    assert monitor.warnings == [(0, "idle", "vanishing")]


def test_another_loss_under_the_same_optimizer_is_seen(chain, data):
    model, monitor = chain(2.0), GradientMonitor(*data)
    model.fit(*data, epochs=1, verbose=0, callbacks=[monitor])
    before = monitor.records[-1]["a/gradient_norm"]
    model.compile(model.optimizer, "mse", loss_weights=[1000.0])
    monitor.records.clear()
    monitor.on_train_begin()
    assert monitor.records[0]["a/gradient_norm"] == pytest.approx(1000 * before, rel=1e-5)


def test_it_is_compiled_once_for_many_fits_and_anew_for_another_optimizer(chain, data):
    model, monitor = chain(1.0), GradientMonitor(*data)
    for _ in range(2):
        model.fit(*data, verbose=0, callbacks=[monitor])
        probe = monitor._probe
        model.fit(*data, verbose=0, callbacks=[monitor])
        assert monitor._probe is probe
        model.compile("adam", "mse", jit_compile=False)


@pytest.mark.parametrize("name", ["vanishing", "exploding"])
def test_bad_limits(name, data, fails):
    with fails(f"`{name}` must be a finite number in (0, inf)."):
        GradientMonitor(*data, **{name: 0})


def test_another_backend_is_refused(data, fails, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with fails("GradientMonitor takes gradients with TensorFlow.", "backend='jax'"):
        GradientMonitor(*data)
