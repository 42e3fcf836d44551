"""Tests the averages beside the weights: TF1's numbers, `fit`, saved models, evaluation."""

import keras
import numpy as np
import pytest
from keras import ops

import tf_recipes
from tf_recipes import AveragedEvaluation, ExponentialMovingAverage

# TF 1.15.5: w = [1, -2, 0.3] under GradientDescentOptimizer(0.5) and the loss
# sum(w^2 [1, 1/2, 2]) / 4; ExponentialMovingAverage(0.9, num_updates, zero_debias) after each step.
# With zero_debias, TF1 averaged tf.identity(w), since it corrects no variables. "iterations": TF1's
# global step, which the optimizer had increased. The last values are those after four steps.
WEIGHTS = [0.31640625, -1.17236328125, 0.01875]
AVERAGES = [
    (
        "float32",
        None,
        False,
        [0.9750000238418579, -1.975000023841858, 0.2849999964237213],
        [0.8259468674659729, -1.8016284704208374, 0.21908998489379883],
    ),
    (
        "float32",
        "iterations",
        False,
        [0.7954545617103577, -1.795454502105713, 0.1772727370262146],
        [0.37592679262161255, -1.2604697942733765, 0.03237699717283249],
    ),
    (
        "float32",
        3,
        False,
        [0.8269230723381042, -1.826923131942749, 0.19615384936332703],
        [0.36987459659576416, -1.2506301403045654, 0.03159881383180618],
    ),
    (
        "float32",
        None,
        True,
        [0.75, -1.75, 0.15000000596046448],
        [0.49388447403907776, -1.423171043395996, 0.06472811847925186],
    ),
    (
        "float32",
        "iterations",
        True,
        [0.75, -1.75, 0.15000000596046448],
        [0.37706640362739563, -1.27116060256958, 0.03138917684555054],
    ),
    (
        "float64",
        None,
        False,
        [0.9749999940395355, -1.9749999940395355, 0.2849999964237213],
        [0.8259468382067989, -1.8016284733635386, 0.2190899831700331],
    ),
    (
        "float64",
        "iterations",
        False,
        [0.7954545468091965, -1.7954545468091965, 0.17727272808551786],
        [0.3759268077211798, -1.2604697553060222, 0.03237699793612622],
    ),
    (
        "float64",
        "iterations",
        True,
        [0.75, -1.75, 0.15],
        [0.37706639562719657, -1.2711605931072079, 0.031389175236481034],
    ),
]


def gradient(w):
    return ops.convert_to_tensor(w) * ops.array([1.0, 0.5, 2.0], w.dtype) / 2


@pytest.mark.parametrize("dtype, num_updates, zero_debias, first, last", AVERAGES)
def test_averages_are_those_of_tf1(dtype, num_updates, zero_debias, first, last):
    w = keras.Variable([1.0, -2.0, 0.3], dtype=dtype)
    optimizer = ExponentialMovingAverage(
        keras.optimizers.SGD(0.5), 0.9, num_updates=num_updates, zero_debias=zero_debias
    )
    found = []
    for _ in range(4):
        optimizer.apply([gradient(w)], [w])
        found.append(optimizer.average(w).numpy())
    rtol = {"float32": 2**-22, "float64": 2**-51}[dtype]
    np.testing.assert_allclose(found[0], first, rtol=rtol)
    np.testing.assert_allclose(found[-1], last, rtol=rtol)
    np.testing.assert_allclose(w.numpy(), WEIGHTS, rtol=rtol)
    assert int(optimizer.updates) == int(optimizer.iterations) == 4


X = np.linspace(-1, 1, 96, dtype="float32").reshape(24, 4)
Y = X.sum(-1, keepdims=True)


def model(averaged=True, kind=keras.Model, constraint=None, decay=0.9, **compile_arguments):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, "tanh", kernel_constraint=constraint, name="hidden1")(inputs)
    made = kind(inputs, keras.layers.Dense(1, name="outputs")(hidden))
    optimizer = tf_recipes.Momentum(0.1, momentum=0.9)
    if averaged:
        optimizer = ExponentialMovingAverage(optimizer, decay, num_updates="iterations")
    made.compile(optimizer, "mse", **{"jit_compile": False, **compile_arguments})
    return made


def fit(made, epochs=2, **arguments):
    return made.fit(X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0, **arguments)


def averages(made):
    return [made.optimizer.average(each).numpy() for each in made.trainable_variables]


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (keras.Model, {"steps_per_execution": 3}),  # in the function of which Keras builds it
        (tf_recipes.FastFitModel, {}),
    ],
)
def test_fit_leaves_the_weights_alone_and_validates_with_the_averages(kind, arguments):
    plain, averaged = model(False, kind, **arguments), model(True, kind, **arguments)
    fit(plain)
    history = fit(averaged, validation_data=(X, Y), callbacks=[AveragedEvaluation()])
    for found, expected in zip(averaged.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    with averaged.optimizer.applied():
        np.testing.assert_array_equal(averaged.get_weights()[0], averages(averaged)[0])
        inside = averaged.test_on_batch(X, Y)
    assert history.history["val_loss"][-1] == pytest.approx(inside, rel=1e-5)
    assert averaged.test_on_batch(X, Y) != pytest.approx(inside, rel=1e-2)

    if kind is keras.Model:
        again = averaged.evaluate(X, Y, callbacks=[AveragedEvaluation()], verbose=0)
        assert again == pytest.approx(inside, rel=1e-5)

    # the same averages by hand
    by_hand = model(run_eagerly=True)
    start = [each.copy() for each in by_hand.get_weights()]
    for step in range(12):
        by_hand.train_on_batch(X[step % 6 * 4 :][:4], Y[step % 6 * 4 :][:4])
        decay = min(np.float32(0.9), np.float32((2 + step) / (11 + step)))
        pairs = zip(start, by_hand.get_weights(), strict=True)
        start = [old - (old - new) * (1 - decay) for old, new in pairs]
    for found, expected in zip(averages(averaged), start, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_saved_model_holds_the_averages_and_continues_with_them(tmp_path):
    trained = model(run_eagerly=True)
    fit(trained)
    trained.save(tmp_path / "model.keras")
    with trained.optimizer.applied():
        trained.save(tmp_path / "averages.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for each in (trained, again):
        fit(each, epochs=1)
    assert int(again.optimizer.updates) == 18
    pairs = zip(trained.optimizer.variables, again.optimizer.variables, strict=True)
    for found, expected in pairs:
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
    other = keras.saving.load_model(tmp_path / "averages.keras")
    np.testing.assert_array_equal(other.get_weights()[0], averages(other)[0])


def test_weights_that_are_loaded_after_compile_are_where_the_averages_start():
    made = model(decay=1.0, run_eagerly=True)
    made.optimizer.build(made.trainable_variables)
    made.set_weights([np.full_like(each, 0.5) for each in made.get_weights()])
    made.optimizer.num_updates = None
    made.train_on_batch(X, Y)
    for average in averages(made):
        np.testing.assert_array_equal(average, np.full_like(average, 0.5))


def small(optimizer=None, **arguments):
    """An optimizer with averages of one weight, and the weight, whose value is 8."""
    inner = keras.optimizers.SGD(1.0) if optimizer is None else optimizer
    w = keras.Variable(8.0)
    averaged = ExponentialMovingAverage(inner, 0.5, **arguments)
    averaged.build([w])
    return averaged, w


def test_the_block_restores_the_weights():
    averaged, w = small()
    with averaged.applied():
        assert float(w) == 8  # nothing was trained
    averaged.apply([4.0])
    with averaged.applied(), averaged.applied():
        assert float(w) == 6
    assert float(w) == 4
    with pytest.raises(KeyError), averaged.applied():
        raise KeyError
    assert float(w) == 4 and float(averaged.average(w)) == 6
    assert averaged.average(keras.Variable(1.0)) is None


def test_training_inside_the_block_is_refused(fails):
    averaged, w = small()
    with fails("must not be trained", "1 steps"), averaged.applied():
        averaged.apply([4.0])
    assert float(w) == 8
    new = ExponentialMovingAverage("sgd", 0.5)
    assert new.average(w) is None
    with fails("was trained", "call fit first"), new.applied():
        pass
    with fails("before its first step", "build"):
        new.apply([1.0])


def test_a_constraint_comes_before_the_average():
    inner, w = keras.optimizers.SGD(1.0), keras.Variable(8.0)
    w.constraint = keras.constraints.NonNeg()
    averaged = ExponentialMovingAverage(inner, 0.5)
    averaged.apply([16.0], [w])
    assert (float(w), float(averaged.average(w))) == (0, 4)


@pytest.mark.parametrize("zero_debias", [False, True])
def test_with_accumulated_gradients_the_averages_move_with_the_weights(zero_debias):
    inner = keras.optimizers.SGD(1.0, gradient_accumulation_steps=2)
    averaged, w = small(inner, zero_debias=zero_debias)
    found = []
    for _ in range(4):
        averaged.apply([2.0])
        found.append((float(w), float(averaged.average(w)), int(averaged.updates)))
    # zero_debias: 6, then (6 / 4 + 4 / 2) / (3 / 4)
    expected = [0.0, 6.0, 6.0, 14 / 3] if zero_debias else [0.0, 7.0, 7.0, 5.5]
    assert [each[0] for each in found] == [8, 6, 6, 4]
    np.testing.assert_allclose([each[1] for each in found], expected, rtol=1e-6)
    assert [each[2] for each in found] == [0, 1, 1, 2]


def test_no_gradients_are_no_step_of_the_averages():
    w = keras.Variable([1.0])
    optimizer = ExponentialMovingAverage(keras.optimizers.SGD(0.5), 0.75)
    optimizer.apply([])  # before it is built, as Keras' own optimizers
    optimizer.apply([ops.array([1.0])], [w])
    optimizer.apply([])
    assert int(optimizer.updates) == int(optimizer.iterations) == 1
    assert optimizer.average(w).numpy().item() == 0.875  # 1 - (1 - 0.5) * 0.25


def test_a_step_that_the_loss_scale_skips_is_no_step_of_the_averages():
    averaged = ExponentialMovingAverage(keras.optimizers.SGD(1.0), 0.5)
    outer, w = keras.optimizers.LossScaleOptimizer(averaged, initial_scale=4.0), keras.Variable(8.0)
    for value in (16.0, np.inf, 16.0):
        outer.apply([ops.array(value)], [w])
    # inf halves the scale, so the last gradient is 8
    assert (float(w), float(averaged.average(w)), int(averaged.updates)) == (-4, 1, 2)


def test_chosen_weights():
    made = model()
    averaged = ExponentialMovingAverage("sgd", 0.5, only=["hidden1/kernel", "outputs"])
    averaged.build(made.trainable_variables)
    found = [each.path for each in made.trainable_variables if averaged.average(each) is not None]
    assert found == ["hidden1/kernel", "outputs/kernel", "outputs/bias"]


def test_the_rate_is_that_of_the_inner_optimizer():
    made = model()
    made.optimizer.learning_rate = 0.25
    assert float(made.optimizer.inner_optimizer.learning_rate) == 0.25
    tf_recipes.freeze_layers(made, ["hidden1"])  # compiles again
    assert isinstance(made.optimizer, ExponentialMovingAverage)
    assert float(made.optimizer.learning_rate) == 0.25
    tf_recipes.unfreeze_layers(made, learning_rate=0.125)
    assert float(made.optimizer.learning_rate) == 0.125
    assert len(made.optimizer.variables) == 3 + 4 + 2 + 4  # own, averages, inner, velocities


def test_a_range_test_restores_the_averages():
    made = model(run_eagerly=True)
    made.optimizer.inner_optimizer.learning_rate = tf_recipes.exponential_decay(0.1, 10, 0.5)
    fit(made, epochs=1)
    before = averages(made)
    tf_recipes.LearningRateRangeTest(steps=6).run(made, X, Y, batch_size=4, verbose=0)
    for found, expected in zip(averages(made), before, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_an_evaluation_that_fails_can_be_reverted():
    made = model(run_eagerly=True)
    made.train_on_batch(X, Y)
    before, callback = made.get_weights()[0], AveragedEvaluation()
    fail = keras.callbacks.LambdaCallback()
    fail.on_test_end = lambda logs: 1 / 0
    with pytest.raises(ZeroDivisionError):
        made.evaluate(X, Y, callbacks=[fail, callback], verbose=0)
    assert (made.get_weights()[0] != before).any()
    callback.restore()
    callback.restore()
    np.testing.assert_array_equal(made.get_weights()[0], before)


def test_evaluation_needs_averages(fails):
    made = model(averaged=False)
    with fails("tf_recipes.ExponentialMovingAverage", "Momentum"):
        fit(made, callbacks=[AveragedEvaluation()])


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"decay": 1.5}, ("`decay`", "decay=1.5")),
        ({"decay": True}, ("`decay`", "decay=True")),
        ({"num_updates": "steps"}, ("`num_updates`", "'steps'", "iterations")),
        ({"num_updates": -1}, ("`num_updates`", "num_updates=-1")),
        ({"zero_debias": 1}, ("`zero_debias`", "zero_debias=1")),
        ({"only": "hidden1"}, ("`only`", "only='hidden1'", "['hidden1']")),
        ({"only": []}, ("`only`", "only=[]")),
        ({"inner_optimizer": keras.optimizers.SGD(use_ema=True)}, ("use_ema=True", "Leave")),
        (
            {"inner_optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())},
            ("inner_optimizer=LossScaleOptimizer", "LossScaleOptimizer(Exponential"),
        ),
    ],
)
def test_bad_arguments(arguments, parts, fails):
    with fails(*parts):
        ExponentialMovingAverage(**{"inner_optimizer": "sgd", "decay": 0.5, **arguments})


def test_names_that_no_weight_has(fails):
    averaged = ExponentialMovingAverage("sgd", 0.5, only=["hidden"])
    with fails("`only`", "'hidden'", "hidden1/kernel"):
        averaged.build(model().trainable_variables)


STATISTICS_X = np.float32([[1], [3], [-2], [4], [0.5], [0]])
# TF 1.15.5: batch_norm(decay=0.5, scale=True, fused=False) under gradient descent at 0.1 on
# mean((h - 1)^2), three steps of two rows, then ExponentialMovingAverage(0.75).apply. First with
# `tf.trainable_variables() + the moving statistics` and with `tf.model_variables()`, which agree;
# `apply()` leaves the statistics out.
STATISTICS = {
    "gamma": (0.5141583681106567, 0.782975971698761),
    "beta": (0.48799997568130493, 0.2176249772310257),
    "moving_mean": (0.625, 0.484375),
    "moving_variance": (2.53125, 2.1328125),
}


def normalized(include, cls=keras.Sequential):
    norm = tf_recipes.BatchNormalization(momentum=0.5, scale=True, fused=False, name="norm")
    model = cls([keras.Input((1,)), norm])
    averages = ExponentialMovingAverage(tf_recipes.GradientDescent(0.1), decay=0.75)
    if include:
        averages.include(model.non_trainable_variables)
    model.compile(averages, "mse")
    return model, norm, averages


def pairs_of(norm, averages):
    found = {}
    for name in STATISTICS:
        variable = getattr(norm, name)
        average = averages.average(variable)
        found[name] = float(variable[0]), None if average is None else float(average[0])
    return found


@pytest.mark.parametrize("include", [False, True])
def test_statistics_are_averaged_on_request_as_tf1_averages_them(include, tmp_path, fails):
    model, norm, averages = normalized(include)
    fit = {"batch_size": 2, "shuffle": False, "verbose": 0}
    model.fit(STATISTICS_X, np.ones((6, 1)), **fit)
    expected = dict(STATISTICS)
    if not include:
        for name in ("moving_mean", "moving_variance"):
            expected[name] = (expected[name][0], None)
    found = pairs_of(norm, averages)
    for name, (value, average) in expected.items():
        assert found[name][0] == pytest.approx(value, rel=2e-6)
        assert found[name][1] == (average if average is None else pytest.approx(average, rel=2e-6))
    with averages.applied():
        mean = float(norm.moving_mean[0])
    assert mean == pytest.approx(0.484375 if include else 0.625)
    assert float(norm.moving_mean[0]) == 0.625
    if not include:
        return
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    again, layer = loaded.optimizer, loaded.get_layer("norm")
    with fails("A loaded model must name the variables again"), again.applied():
        pass
    with fails("A loaded model must name the variables in the order of the saved model."):
        again.include(loaded.non_trainable_variables[::-1])
    again.include(loaded.non_trainable_variables)
    assert pairs_of(layer, again) == found
    for each in (model, loaded):
        each.fit(STATISTICS_X, np.ones((6, 1)), **fit)
    assert pairs_of(layer, again) == pairs_of(norm, averages)


def test_what_cannot_be_included_is_refused(fails):
    model, norm, averages = normalized(False)
    with fails("`variables` must be variables that are not trained."):
        averages.include([norm.gamma])
    model.fit(STATISTICS_X, np.ones((6, 1)), verbose=0)
    with fails("Variables must be included before the first step of training."):
        averages.include([norm.moving_mean])
