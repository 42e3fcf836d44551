"""Tests what the range test records and suggests, and that it leaves the model unchanged."""

import gc
import weakref

import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes import exponential_decay, mnist, models
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.recipe import Recipe
from tf_recipes.tools.range_test import LearningRateRangeTest

SGD = keras.optimizers.SGD
KINDS = {"plain": keras.Model, "fast": FastFitModel}
XLA = {keras.Model: False, FastFitModel: "auto"}  # it compiles for longer than a test trains


@pytest.fixture(autouse=True)
def pipelines():
    """Ends the pipelines that each `fit` here leaves in a cycle; an old one may take a minute.

    What stays is frozen, so that the next search, as each `run` makes one, need not look at it.
    """
    yield
    gc.collect()
    gc.freeze()


def line(optimizer, kind=keras.Model, **compile_arguments):
    """Returns a model y = w x with w = 0, whose loss is the mean square."""
    inputs = keras.Input((1,))
    outputs = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(inputs)
    model = kind(inputs, outputs)
    model.compile(optimizer, "mse", **{"jit_compile": XLA.get(kind, False), **compile_arguments})
    return model


def net(optimizer, kind=keras.Model):
    """Returns a model with all that training changes: weights, statistics, a generator's state."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((3,))
    x = keras.layers.BatchNormalization()(keras.layers.Dense(8, "relu")(inputs))
    model = kind(inputs, keras.layers.Dense(1)(keras.layers.Dropout(0.5, seed=2)(x)))
    model.compile(optimizer, "mse", jit_compile=XLA[kind])
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
    model.fit(*cloud(), batch_size=8, shuffle=False, verbose=0)
    return model


def cloud(rows=160):
    x = np.random.default_rng(0).standard_normal((rows, 3)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def variables(model):
    return [*model.variables, *model.optimizer.variables]


def state(model):
    return [np.array(keras.ops.convert_to_numpy(each)) for each in variables(model)]


def assert_same_bits(arrays, expected):
    for one, other in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(one, other)


class Raises(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 3:
            raise KeyboardInterrupt


class Notes(keras.callbacks.Callback):
    """Records the rate in the logs, and in the optimizer, after each batch."""

    def __init__(self):
        super().__init__()
        self.logged, self.set = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.logged.append(logs["learning_rate"])
        self.set.append(float(self.model.optimizer.learning_rate))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_rates_rise_by_the_same_factor_and_are_logged(kind):
    test, notes, model = LearningRateRangeTest(1e-4, 0.1, steps=4), Notes(), line(SGD(1.0), kind)
    x = np.ones((3, 1), "float32")
    history = model.fit(x, x, batch_size=1, epochs=2, callbacks=[test, notes], verbose=0)
    np.testing.assert_allclose(test.curve.rates, [1e-4, 1e-3, 1e-2, 1e-1], rtol=1e-12)
    np.testing.assert_allclose(notes.set, [1e-4, 1e-3, 1e-2, 1e-1], rtol=1e-6)
    assert notes.logged == test.curve.rates
    # the first epoch ends with the third batch, the test with the fourth
    np.testing.assert_allclose(history.history["learning_rate"], [1e-2, 1e-1], rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_losses_are_each_batchs_own(kind):
    x = np.arange(1, 8, dtype="float32").reshape(7, 1)  # batches of 3, 3 and 1
    y = 2 * x
    test = LearningRateRangeTest(1e-3, 1e-2, steps=6)
    test.run(line(SGD(1.0), kind), x, y, batch_size=3, epochs=2, shuffle=False, verbose=0)
    w, expected, batches = 0.0, [], 2 * [slice(3), slice(3, 6), slice(6, 7)]
    for rate, rows in zip(np.geomspace(1e-3, 1e-2, 6), batches, strict=True):
        error = w * x[rows] - y[rows]
        expected.append(np.mean(error**2))
        w -= rate * np.mean(2 * error * x[rows])  # d/dw mean((w x - y)^2)
    np.testing.assert_allclose(test.curve.losses, expected, rtol=1e-4)


OPTIMIZERS = {
    "momentum": lambda: SGD(0.01, momentum=0.9),
    "Adam, moving average": lambda: keras.optimizers.Adam(0.01, use_ema=True),
    "AdamW": lambda: keras.optimizers.AdamW(0.01),
    "loss scale": lambda: keras.optimizers.LossScaleOptimizer(SGD(0.01, momentum=0.9)),
    "TF1's momentum": lambda: tf_recipes.Momentum(0.01),
    "TF1's Adam": lambda: tf_recipes.Adam(0.01),
    "schedule": lambda: tf_recipes.Momentum(exponential_decay(0.01, 5, 0.5)),
    "loss scale, schedule": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.RMSprop(exponential_decay(0.01, 5, 0.5))
    ),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_everything_is_put_back_bit_for_bit(make):
    model = net(make())
    optimizer, before, notes = model.optimizer, state(model), Notes()
    test, x = LearningRateRangeTest(1e-3, 10.0, steps=40), cloud()
    model.fit(*x, batch_size=8, shuffle=False, verbose=0)  # as if there had been no test
    without_test = state(model)
    for variable, value in zip(variables(model), before, strict=True):
        variable.assign(value)
    model.fit(*x, batch_size=8, epochs=2, callbacks=[test, notes], verbose=0)
    assert len(test.curve.losses) > 10 and notes.set[10] == pytest.approx(1e-3 * 1e4 ** (10 / 39))
    assert np.ptp(test.curve.losses) > 0.1, "nothing was trained"
    assert model.optimizer is optimizer
    assert_same_bits(state(model), before)
    model.fit(*x, batch_size=8, shuffle=False, verbose=0)
    assert_same_bits(state(model), without_test)


def test_the_state_of_a_stateful_rnn_is_put_back():
    """Keras does not list this state among the model's variables."""
    rnn = keras.layers.SimpleRNN(1, stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(2, 3, 1)), rnn])
    model.compile(SGD(0.01), "mse", jit_compile=False)
    x = np.ones((2, 3, 1), "float32")
    model(x)
    before = rnn.states[0].numpy()
    assert before.all()
    test = LearningRateRangeTest(1e-3, 1e-2, steps=3)
    test.run(model, x, x[:, 0], batch_size=2, epochs=3, verbose=0)
    np.testing.assert_array_equal(rnn.states[0].numpy(), before)


def test_a_compiled_loop_takes_the_copy_and_then_the_schedule_again():
    rate = exponential_decay(0.001, 5, 0.5)
    made = [line(tf_recipes.Momentum(rate), FastFitModel) for _ in range(2)]
    x = np.linspace(-1, 1, 80, dtype="float32")[:, None]
    for each in made:
        each.fit(x, 3 * x, batch_size=4, shuffle=False, verbose=0)
    model, twin = made
    before, test = state(model), LearningRateRangeTest(1e-3, 1.0, steps=20)
    test.run(model, x, 3 * x, batch_size=4, verbose=0)
    assert np.ptp(test.curve.losses) > 0.1, "nothing was trained"
    assert test.curve.rates[10] == pytest.approx(1e-3 * 1000 ** (10 / 19))
    assert_same_bits(state(model), before)
    for each in made:
        each.fit(x, 3 * x, batch_size=4, shuffle=False, verbose=0)
    assert_same_bits(state(model), state(twin))


def test_a_schedule_is_the_same_object_afterwards():
    schedule = exponential_decay(0.01, 5, 0.5)
    model = net(SGD(schedule))
    rate = float(model.optimizer.learning_rate)
    assert rate == float(schedule(20))  # 160 rows are 20 batches
    LearningRateRangeTest(steps=20).run(model, *cloud(), batch_size=8, verbose=0)
    assert float(model.optimizer.learning_rate) == rate
    model.fit(*cloud(), batch_size=8, verbose=0)
    assert float(model.optimizer.learning_rate) == float(schedule(40))


def test_the_copy_in_place_of_a_schedule_starts_with_the_optimizers_velocity():
    losses = []
    for rate in (0.01, exponential_decay(0.01, 5, 1.0)):
        model, test = net(tf_recipes.Momentum(rate)), LearningRateRangeTest(0.01, 0.1, steps=20)
        test.run(model, *cloud(), batch_size=8, shuffle=False, verbose=0)
        losses.append(test.curve.losses)
    np.testing.assert_allclose(*losses, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_error_leaves_nothing_changed(kind):
    model = net(SGD(0.01, momentum=0.9), kind)
    before, test = state(model), LearningRateRangeTest(0.1, 10.0, steps=20)
    with pytest.raises(KeyboardInterrupt):
        test.run(model, *cloud(), batch_size=8, callbacks=Raises(), verbose=0)
    assert_same_bits(state(model), before)


def test_an_error_in_fit_is_mended_by_restore_and_by_the_next_fit():
    model = net(tf_recipes.Momentum(exponential_decay(0.01, 5, 0.5)))
    optimizer, before, test = model.optimizer, state(model), LearningRateRangeTest(0.1, steps=20)

    def fit(*callbacks):
        model.fit(*cloud(), batch_size=8, callbacks=[test, *callbacks], verbose=0)

    with pytest.raises(KeyboardInterrupt):
        fit(Raises())
    assert model.optimizer is not optimizer and len(test.curve.losses) == 4
    test.restore()
    assert model.optimizer is optimizer
    assert_same_bits(state(model), before)
    with pytest.raises(KeyboardInterrupt):
        fit(Raises())
    fit()
    assert_same_bits(state(model), before)


def test_what_another_callback_does_at_the_end_is_undone_by_run():
    model = net(SGD(0.01))
    before = state(model)
    zero = keras.callbacks.LambdaCallback(
        on_train_end=lambda logs: model.set_weights([0 * each for each in model.get_weights()])
    )
    LearningRateRangeTest(steps=20).run(model, *cloud(), batch_size=8, callbacks=[zero], verbose=0)
    assert_same_bits(state(model), before)


def test_an_optimizer_that_has_not_been_used_is_as_new():
    x, model = np.ones((20, 1), "float32"), line(keras.optimizers.Adam(0.5))
    LearningRateRangeTest(steps=20).run(model, x, x, batch_size=1, verbose=0)
    assert model.optimizer.iterations == 0 and not np.any(model.get_weights())
    model.fit(x[:1], x[:1], verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], [[0.5]], rtol=1e-5)  # Adam's first step


def test_it_stops_at_a_loss_that_is_not_finite():
    x, model = np.full((100, 1), 1e18, "float32"), line(SGD(0.01))
    LearningRateRangeTest(stop_factor=None).run(model, x, x, batch_size=1, verbose=0)
    test = LearningRateRangeTest(stop_factor=None)
    assert test.run(model, x, x, batch_size=1, verbose=0) is None
    assert not np.isfinite(test.curve.losses[-1]) and len(test.curve.losses) < 100
    assert "finite losses" in test.reason and not np.any(model.get_weights())


def test_it_stops_once_the_loss_has_diverged():
    # y = 3 +- 1/2 in turns: w - 3 <- (1 - 2 rate) (w - 3) +- rate settles where the loss is
    # 1/4 / (1 - rate)^2, four times its lowest at a rate of 1/2; above 1 it diverges
    y = np.tile([[3.5], [2.5]], (100, 1)).astype("float32")
    test = LearningRateRangeTest(1e-4, 100.0, steps=200)
    suggested = test.run(
        line(SGD(0.01)), np.ones_like(y), y, batch_size=1, shuffle=False, verbose=0
    )
    assert 0.5 < test.curve.rates[-1] < 2.0
    assert test.curve.best_rate < 0.5
    assert suggested == test.curve.best_rate / 10 and test.reason == ""


@pytest.mark.parametrize(
    "lowest, highest, reason",
    [
        (1e-9, 1e-8, "the loss never fell"),
        (1e-3, 1e-2, "still falling at the last rate, 0.01"),
        (3.0, 4.0, "the loss never fell"),
    ],
)
def test_no_suggestion_without_a_minimum(lowest, highest, reason):
    x = np.random.default_rng(0).uniform(0.8, 1.2, (400, 1)).astype("float32")
    test = LearningRateRangeTest(lowest, highest)
    assert test.run(line(SGD(0.01)), x, 3 * x, batch_size=4, verbose=0) is None
    assert test.suggestion is None and reason in test.reason


def test_a_subclassed_model_serves():
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

    model, x = Subclassed(), cloud(800)
    model.compile("sgd", "mse", jit_compile=False)
    model(x[0][:1])
    before = model.get_weights()
    assert LearningRateRangeTest().run(model, *x, batch_size=8, verbose=0) > 0
    assert_same_bits(model.get_weights(), before)


def test_the_suggested_rate_trains_where_a_hundred_times_as_much_does_not():
    data = mnist.load()
    images, labels = mnist.pixels(data.train_images, "float32"), data.train_labels
    recipe = Recipe("range", optimizer={"name": "momentum", "learning_rate": 1e-5})
    model = models.build(recipe)
    start = model.get_weights()
    rate = LearningRateRangeTest().run(model, images, labels, batch_size=50, verbose=0)

    def accuracy(rate):
        model.set_weights(start)
        model.optimizer.learning_rate = rate
        return model.fit(images, labels, batch_size=50, epochs=2, verbose=0).history["accuracy"][1]

    assert 1e-3 < rate < 0.1
    assert accuracy(rate) > 0.9 > 0.5 > accuracy(100 * rate)


def test_plot(tmp_path):
    x, test = np.ones((400, 1), "float32"), LearningRateRangeTest()
    test.run(line(SGD(0.01)), x, 3 * x, batch_size=4, verbose=0)
    test.plot(tmp_path / "rates.png")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "arguments, parts",
    [
        ({"lowest": 0}, ["`lowest`", "(0, inf)", "lowest=0"]),
        ({"lowest": "1"}, ["`lowest`", "'1'"]),
        ({"lowest": 0.1, "highest": 0.1}, ["`highest`", "(0.1, inf)", "highest=0.1"]),
        ({"highest": float("inf")}, ["`highest`", "inf"]),
        ({"steps": 1}, ["`steps`", "at least 2", "steps=1"]),
        ({"smoothing": 1.0}, ["`smoothing`", "[0, 1)", "smoothing=1.0"]),
        ({"stop_factor": 1}, ["`stop_factor`", "(1, inf)", "stop_factor=1"]),
    ],
)
def test_bad_arguments(arguments, parts, fails):
    with fails(*parts):
        LearningRateRangeTest(**arguments)


def test_models_that_cannot_be_tested(fails, monkeypatch):
    x, test = np.ones((20, 1), "float32"), LearningRateRangeTest(steps=20)

    def run(model, **arguments):
        test.run(model, x, x, verbose=0, **{"batch_size": 1, **arguments})

    with fails("at least `steps` batches, 20", "3 epochs of 5 batches"):
        run(line(SGD(0.1)), batch_size=4, epochs=3)
    with fails("after every step", "steps_per_execution=2"):
        run(line(SGD(0.1), steps_per_execution=2))
    unbuilt = keras.Sequential([keras.layers.Dense(1)])
    unbuilt.compile("sgd", "mse")
    with fails("must be built", "built=False"):
        run(unbuilt)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with fails("a callback can set", "'jax'"):
        run(line(SGD(0.1)))


def test_a_training_step_without_a_loss(fails):
    class Silent(keras.Model):
        def train_step(self, data):
            return {"accuracy": super().train_step(data)["loss"]}

    x = np.ones((20, 1), "float32")
    with fails("must report its loss", "accuracy"):
        LearningRateRangeTest(steps=20).run(line(SGD(0.1), Silent), x, x, batch_size=1, verbose=0)


def test_the_data_are_free_after_a_run_that_stops_within_an_epoch():
    x = np.ones((160, 1), "float32")
    freed = weakref.ref(x)
    test = LearningRateRangeTest(steps=10, stop_factor=None)
    test.run(line(SGD(0.1)), x, np.ones((160, 1)), batch_size=8, verbose=0)
    del x
    assert freed() is None
