"""Tests clipping of gradients by value, in a custom training step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_recipes import GradientClippingModel, GradientDescent, Momentum, clip_gradients


def test_values_are_those_of_tf1():
    # TF 1.15.5: sess.run(tf.clip_by_value(tf.constant([-3, -.5, 0, .5, inf, nan]), -1., 1.))
    gradient = tf.constant([-3.0, -0.5, 0.0, 0.5, np.inf, np.nan])
    (clipped,) = clip_gradients([gradient], 1.0)
    np.testing.assert_array_equal(clipped, np.float32([-1.0, -0.5, 0.0, 0.5, 1.0, np.nan]))
    (kept,) = clip_gradients([gradient], 1.0, keep_overflow=True)
    np.testing.assert_array_equal(kept, np.float32([-1.0, -0.5, 0.0, 0.5, np.inf, np.nan]))


def test_none_stays_none_and_sparse_stays_sparse():
    sparse = tf.IndexedSlices(tf.constant([[3.0], [0.5], [-np.inf]]), tf.constant([2, 2, 0]))
    for keep_overflow, last in ((False, -1.0), (True, -np.inf)):
        none, clipped = clip_gradients([None, sparse], 1.0, keep_overflow)
        assert none is None
        assert isinstance(clipped, tf.IndexedSlices)
        # each row by itself, as in TF1: rows of the same index are added up later
        np.testing.assert_array_equal(clipped.values, [[1.0], [0.5], [last]])
        np.testing.assert_array_equal(clipped.indices, [2, 2, 0])


def linear(model_class, optimizer, **arguments):
    """Builds a model with one weight vector (2,) of zeros, compiled for mean squared error."""
    inputs = keras.Input((2,))
    outputs = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(inputs)
    model = model_class(inputs, outputs, **arguments)
    model.compile(optimizer, "mse", metrics=["mae"], jit_compile=False)
    return model


X = np.array([[1.0, 0.0], [0.0, 0.25]], "float32")
Y = np.array([[1.0], [1.0]], "float32")
# d(mean (wx - y)^2)/dw at w = 0 is mean -2 y x = [-1, -0.25]


@pytest.mark.parametrize("threshold, gradient", [(0.5, [-0.5, -0.25]), (2.0, [-1.0, -0.25])])
def test_one_step_applies_the_clipped_gradient(threshold, gradient):
    model = linear(GradientClippingModel, keras.optimizers.SGD(1.0), clip_value=threshold)
    history = model.fit(X, Y, verbose=0).history
    np.testing.assert_array_equal(model.get_weights()[0][:, 0], -np.array(gradient))
    assert history == {"loss": [1.0], "mae": [1.0]}


def test_batches_of_other_sizes_weigh_in_the_loss_by_their_size():
    x, y = np.zeros((5, 2), "float32"), np.array([[0.0], [0.0], [0.0], [0.0], [5.0]])
    plain, clipping = (
        linear(kind, keras.optimizers.SGD(0.0), **arguments)
        for kind, arguments in ((keras.Model, {}), (GradientClippingModel, {"clip_value": 1.0}))
    )
    options = {"batch_size": 4, "shuffle": False, "verbose": 0}
    weights = np.array([1.0, 1.0, 1.0, 1.0, 0.5])
    for more in ({}, {"sample_weight": weights}):
        expected = plain.fit(x, y, **options, **more).history
        assert clipping.fit(x, y, **options, **more).history == expected
    assert clipping.fit(x, y, **options).history["loss"] == [5.0]


def digits_model(model_class, optimizer, jit_compile=False, **arguments):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((784,))
    hidden = keras.layers.Dense(8, "elu")(inputs)
    model = model_class(inputs, keras.layers.Dense(10)(hidden), **arguments)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=jit_compile)
    return model


@pytest.mark.parametrize("jit_compile", [False, True])
def test_it_is_the_optimizers_clipvalue(digits, jit_compile):
    clipping = digits_model(
        GradientClippingModel, Momentum(0.1), jit_compile=jit_compile, clip_value=0.01
    )
    builtin = digits_model(keras.Model, Momentum(0.1, clipvalue=0.01), jit_compile=jit_compile)
    unclipped = digits_model(keras.Model, Momentum(0.1))
    models = [clipping, builtin, unclipped]
    for model in models:
        model.fit(*digits, epochs=2, shuffle=False, verbose=0)
    for ours, theirs in zip(clipping.get_weights(), builtin.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
    assert any(
        abs(a - b).max() > 1e-3
        for a, b in zip(clipping.get_weights(), unclipped.get_weights(), strict=True)
    )


def test_threshold_is_for_the_unscaled_gradient():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0), initial_scale=64.0)
    model = linear(GradientClippingModel, optimizer, clip_value=0.5)
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0][:, 0], [0.5, 0.25])


def test_overflow_still_reaches_the_loss_scale():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0), initial_scale=64.0)
    model = linear(GradientClippingModel, optimizer, clip_value=0.5)
    model.fit(np.float32([[3e38, 1.0]]), np.float32([[1.0]]), verbose=0)
    assert float(optimizer.dynamic_scale) == 32.0
    np.testing.assert_array_equal(model.get_weights()[0], 0.0)


@pytest.mark.parametrize("make", [keras.optimizers.SGD, GradientDescent])
@pytest.mark.parametrize("scaled", [False, True])
def test_accumulated_gradient_is_clipped_as_that_of_the_whole_batch(make, scaled):
    optimizer = make(1.0, gradient_accumulation_steps=2)
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=64.0)
    model = linear(GradientClippingModel, optimizer, clip_value=0.5)
    model.fit(X, Y, batch_size=1, shuffle=False, verbose=0)
    # The parts' gradients are [-2, 0] and [0, -0.5]: clipped one by one, their mean is -0.25 twice.
    np.testing.assert_array_equal(model.get_weights()[0][:, 0], [0.5, 0.25])


def test_accumulated_sparse_gradient_is_clipped_value_by_value():
    inputs = keras.Input((2,), dtype="int32")
    table = keras.layers.Embedding(3, 1, embeddings_initializer="zeros")
    outputs = keras.ops.sum(table(inputs) * np.float32([[[-4.0], [-1.0]]]), axis=1)
    model = GradientClippingModel(inputs, outputs, clip_value=0.5)
    optimizer = Momentum(1.0, gradient_accumulation_steps=2)
    model.compile(optimizer, lambda y, outputs: keras.ops.mean(outputs), jit_compile=False)
    rows = np.array([[0, 0], [0, 1], [1, 1], [1, 1]])
    model.fit(rows, np.zeros(4), batch_size=1, shuffle=False, verbose=0)
    # TF 1.15.5, batches of two rows: the values -4/2 and -1/2 are clipped to -0.5; then row 0 has
    # moved by 3 times 0.5, row 1 by 0.5 and then by 0.9 * 0.5 + 4 times 0.5.
    np.testing.assert_allclose(table.embeddings.numpy().ravel(), [1.5, 2.95, 0.0], rtol=1e-6)


def test_fixed_loss_scale_factor():
    model = linear(
        GradientClippingModel, keras.optimizers.SGD(1.0, loss_scale_factor=8.0), clip_value=0.5
    )
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0][:, 0], [0.5, 0.25])


@pytest.mark.parametrize("dtype", ["float64", "mixed_float16"])
def test_other_dtypes(dtype, policy, digits):
    policy(dtype)
    model = digits_model(GradientClippingModel, Momentum(0.1), clip_value=0.01)
    losses = model.fit(*digits, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_embedding_and_a_weight_that_the_loss_does_not_reach():
    inputs, unused = keras.Input((1,), dtype="int32"), keras.Input((1,))
    rows = keras.layers.Embedding(4, 1, embeddings_initializer="zeros", name="rows")(inputs)
    outputs = [keras.layers.Flatten()(rows), keras.layers.Dense(1, name="unreached")(unused)]
    model = GradientClippingModel([inputs, unused], outputs, clip_value=0.25)
    model.compile(Momentum(1.0), ["mse", None], jit_compile=False)
    before = model.get_layer("unreached").get_weights()
    with pytest.warns(UserWarning, match="Gradients do not exist for variables"):
        model.fit([np.array([[2]]), np.ones((1, 1))], [np.ones((1, 1)), None], verbose=0)
    np.testing.assert_array_equal(
        model.get_layer("rows").get_weights()[0][:, 0], [0.0, 0.0, 0.25, 0.0]
    )
    np.testing.assert_array_equal(model.get_layer("unreached").get_weights()[0], before[0])


def test_saved_model_is_of_this_class_and_goes_on_alike(digits, tmp_path):
    model = digits_model(GradientClippingModel, Momentum(0.1), clip_value=0.01)
    model.fit(*digits, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(again, GradientClippingModel)
    assert again.clip_value == 0.01
    for each in (model, again):
        each.fit(*digits, shuffle=False, verbose=0)
    for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("clip_value", [0, -1.0, float("nan"), float("inf"), None, "1", True])
def test_bad_thresholds(clip_value, fails):
    inputs = keras.Input((2,))
    with fails("`clip_value`", "(0, inf)", f"clip_value={clip_value!r}"):
        GradientClippingModel(inputs, keras.layers.Dense(1)(inputs), clip_value=clip_value)


def test_another_backend_is_refused(monkeypatch, fails):
    inputs = keras.Input((2,))
    outputs = keras.layers.Dense(1)(inputs)
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with fails("needs TensorFlow or JAX as Keras' backend", "backend='torch'", "clipvalue"):
        GradientClippingModel(inputs, outputs, clip_value=1.0)


TWO_REPLICAS = """
from tf_recipes._support.quiet_tensorflow import quiet
with quiet():
    import keras, numpy as np, tensorflow as tf
    from tf_recipes import GradientClippingModel, Momentum
    from tf_recipes.distribution import strategies
    strategy = strategies.mirrored(2)
    x, y = np.ones((2, 1), "float32"), np.array([[4.0], [-3.0]], "float32")
    for optimizer in (keras.optimizers.SGD, Momentum):
        with strategies.scope(strategy):
            inputs = keras.Input((1,))
            dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
            model = GradientClippingModel(inputs, dense(inputs), clip_value=CLIP)
            model.compile(optimizer(1.0), "mse")
        strategies.prepare(model, strategy)
        @tf.function
        def step():
            def replica():
                k = tf.distribute.get_replica_context().replica_id_in_sync_group
                model.train_step((tf.gather(x, [k]), tf.gather(y, [k])))
            strategy.run(replica)
        step()
        print([copy.numpy().item() for copy in dense.kernel.value.values],
              float(model.get_metrics_result()["loss"]), "update_step" in vars(model.optimizer))
"""


@pytest.mark.parametrize("threshold, weight", [(2.0, 1.0), (0.25, 0.25)])
def test_replicas_gradients_are_added_up_before_they_are_clipped(run_python, threshold, weight):
    # d(mean (w - y)^2)/dw at w = 0 is (-8 + 6) / 2 = -1. The replicas' gradients are -4 and 3;
    # each clipped to 2 first, their sum would be 0. The loss is (16 + 9) / 2.
    for line in run_python(TWO_REPLICAS.replace("CLIP", str(threshold))).splitlines():
        assert line == f"[{weight}, {weight}] 12.5 False"
