"""Tests batch normalization: contrib's numbers on every rank, and its place in a network."""

import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf_recipes._support import replicas
from tf_recipes.blocks.batch_norm import BatchNormalization


def sample(*shape):
    return (np.arange(np.prod(shape)) ** 2 % 7).reshape(shape).astype("float32")


# TF 1.15.5, after two training steps on sample(shape):
#   y = tf.contrib.layers.batch_norm(x, is_training=True, updates_collections=None, **arguments)
#   shape, decay, epsilon, moving mean, moving variance, first outputs in training, in evaluation
CONTRIB = [
    (
        (4, 2),
        {},
        [0.003498250152915716, 0.003498250152915716],
        [1.003831386566162, 1.003831386566162],
        [-1.1829456090927124, -0.5069767236709595],
        [-0.003489829832687974, 0.9941031336784363],
    ),
    (
        (4, 2),
        {"decay": 0.9, "scale": True},
        [0.33250001072883606, 0.33250001072883606],
        [1.3641667366027832, 1.3641667366027832],
        [-1.1829456090927124, -0.5069767236709595],
        [-0.2845763564109802, 0.5712924003601074],
    ),
    (
        (4, 2),
        {"decay": 0.9, "epsilon": 1e-8},
        [0.33250001072883606, 0.33250001072883606],
        [1.3641667366027832, 1.3641667366027832],
        [-1.183213233947754, -0.5070914030075073],
        [-0.2846795916557312, 0.5714996457099915],
    ),
    (  # one image: without the factor N/(N-1)
        (1, 2),
        {"decay": 0.9},
        [0.0, 0.1899999976158142],
        [0.8100000023841858, 0.8100000023841858],
        [0.0, 0.0],
        [0.0, 0.8994449377059937],
    ),
    (  # rank 4 is fused too; rank 3 is not, and averages the batch's own variance
        (2, 2, 2, 2),
        {"decay": 0.9},
        [0.33250001072883606, 0.35624998807907104],
        [1.284999966621399, 1.2137500047683716],
        [-1.1829456090927124, -0.6415164470672607],
        [-0.2932048738002777, 0.5840819478034973],
    ),
    (
        (2, 3, 2),
        {"decay": 0.9},
        [0.3166666626930237, 0.4116666913032532],
        [1.105555534362793, 1.2163888216018677],
        [-1.3358768224716187, -0.7975376844406128],
        [-0.3010341227054596, 0.5332228541374207],
    ),
]


@pytest.mark.parametrize("shape, arguments, mean, variance, training, evaluation", CONTRIB)
def test_two_steps_are_those_of_contrib(shape, arguments, mean, variance, training, evaluation):
    arguments = dict(arguments)
    layer = BatchNormalization(momentum=arguments.pop("decay", 0.999), **arguments)
    x = sample(*shape)
    layer(x, training=True)
    trained = np.array(layer(x, training=True)).reshape(-1, 2)[0]
    evaluated = np.array(layer(x, training=False)).reshape(-1, 2)[0]
    close = functools.partial(np.testing.assert_allclose, rtol=5e-7, atol=1e-7)
    close(layer.moving_mean.numpy(), mean)
    close(layer.moving_variance.numpy(), variance)
    close(trained, training)
    close(evaluated, evaluation)


def test_small_epsilon_is_raised_on_fused_ranks_only():
    # TF 1.15.5: contrib's batch_norm(x, epsilon=1e-8, ...) of x and of x reshaped to (2, 2, 2)
    x = np.array([[0.0, 0.0], [0.001, 0.002], [0.002, 0.004], [0.003, 0.001]], "float32")
    fused = BatchNormalization(epsilon=1e-8)(x, training=True)
    other = BatchNormalization(epsilon=1e-8)(x.reshape(2, 2, 2), training=True)
    np.testing.assert_allclose(fused[0], [-0.4470149874687195, -0.5010748505592346], rtol=1e-6)
    np.testing.assert_allclose(other[0, 0], [-1.3363062143325806, -1.18052077293396], rtol=1e-6)


def test_layers_batch_normalization_is_not_fused_on_two_axes():
    # TF 1.15.5: tf.layers.batch_normalization(x, training=True, momentum=0.9), one step on 1 and 3
    x = np.float32([[1.0], [3.0]])
    images = x.reshape(2, 1, 1, 1)
    dense = BatchNormalization(momentum=0.9, scale=True, fused=False)
    dense(x, training=True)
    assert dense.moving_variance.numpy().tolist() == [1.0]
    for fused, variance in ((None, 1.1), (True, 1.1), (False, 1.0)):
        layer = BatchNormalization(momentum=0.9, scale=True, fused=fused)
        layer(images, training=True)
        np.testing.assert_allclose(layer.moving_variance.numpy(), [variance], rtol=1e-6)
    # epsilon=1e-8 on 0 and 0.002; the kernel raises it
    tiny = np.float32([[0.0], [0.002]])
    found = [
        float(BatchNormalization(epsilon=1e-8, fused=fused)(each, training=True)[1].numpy().item())
        for fused, each in (
            (False, tiny),
            (False, tiny.reshape(2, 1, 1, 1)),
            (None, tiny),
            (True, tiny.reshape(2, 1, 1, 1)),
        )
    ]
    expected = [0.9950371384620667, 0.9950371384620667, 0.3013744056224823, 0.3013744056224823]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_fused_true_on_three_axes_is_not_fused_as_in_contrib():
    # TF 1.15.5: tf.contrib.layers.batch_norm(x, fused=True, scale=True, ...) of 2 and 6: 1.003
    layer = BatchNormalization(fused=True)
    layer(np.float32([[[2.0], [6.0]]]), training=True)
    np.testing.assert_allclose(layer.moving_variance.numpy(), [1.003000020980835], rtol=1e-7)


def test_channels_between_other_axes_are_not_fused():
    # TF 1.15.5: tf.layers.batch_normalization(x, axis=2, momentum=0.5, training=True)
    x = np.float32([0, 0.002, 1, 3, 2, 5, 4, 1]).reshape(2, 2, 2, 1)
    layer = BatchNormalization(axis=2, momentum=0.5, scale=True)
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean.numpy(), [0.875, 1.125249981880188], rtol=1e-6)
    np.testing.assert_allclose(
        layer.moving_variance.numpy(), [1.59375, 2.342625379562378], rtol=1e-6
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_bfloat16"])
def test_weights_are_float32_in_half_precision(dtype):
    # TF 1.15.5, 3,000 steps on 2 and 6 as float16 and as bfloat16, decay 0.999; all variables of
    # contrib's and of tf.layers' batch norm are float32: moving mean 3.8011538982391357, moving
    # variance 7.652012825012207; with fused=False 3.8508622646331787
    x = tf.constant([[2.0], [6.0]])
    kinds = [BatchNormalization(scale=True, fused=fused, dtype=dtype) for fused in (None, False)]
    for layer in kinds:
        layer.build((None, 1))

    @tf.function
    def steps():
        for _ in tf.range(3000):
            for layer in kinds:
                layer(x, training=True)

    steps()
    variances = (7.652012825012207, 3.8508622646331787)
    for layer, variance in zip(kinds, variances, strict=True):
        assert {weight.dtype for weight in layer.weights} == {"float32"}
        np.testing.assert_allclose(layer.moving_mean.numpy(), [3.8011538982391357], rtol=1e-6)
        np.testing.assert_allclose(layer.moving_variance.numpy(), [variance], rtol=1e-6)
        # float16 has no number between 1 and 1.0009766: gamma must not be rounded when it is read
        layer.gamma.assign([1.0003])
        large = layer(np.float32([[1e4], [0.0]]), training=False)
        assert large.dtype == layer.compute_dtype
        expected = 1.0003 * (1e4 - 3.8011539) / (variance + 1e-3) ** 0.5
        digits = 2**-8 if "b" in dtype else 2**-11
        np.testing.assert_allclose(float(large[0, 0]), expected, rtol=digits)


def test_defaults_are_those_of_contrib():
    config = BatchNormalization().get_config()
    assert {key: config[key] for key in ("momentum", "epsilon", "center", "scale")} == {
        "momentum": 0.999,
        "epsilon": 0.001,
        "center": True,
        "scale": False,
    }


def test_center_and_scale_make_the_variables_that_they_name():
    names = {}
    for center in (False, True):
        for scale in (False, True):
            layer = BatchNormalization(center=center, scale=scale)
            layer.build((None, 2))
            names[center, scale] = [variable.name for variable in layer.trainable_variables]
    assert names == {
        (False, False): [],
        (True, False): ["beta"],
        (False, True): ["gamma"],
        (True, True): ["gamma", "beta"],
    }


def test_frozen_layer_normalises_with_its_averages_and_keeps_them():
    layer = BatchNormalization(momentum=0.5)
    layer.build((None, 2))
    layer.trainable = False
    x = sample(4, 2)
    np.testing.assert_array_equal(layer(x, training=True), layer(x, training=False))
    np.testing.assert_array_equal(layer.moving_mean.numpy(), [0.0, 0.0])


def test_channels_first_is_channels_last_transposed():
    x = sample(2, 2, 3, 4)
    last, first = BatchNormalization(momentum=0.5), BatchNormalization(axis=1, momentum=0.5)
    expected = np.array(last(x, training=True)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(
        first(x.transpose(0, 3, 1, 2), training=True), expected, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(first.moving_variance.numpy(), last.moving_variance.numpy(), 1e-6)


def test_masked_positions_do_not_count():
    x = sample(2, 3, 2)
    mask = np.array([[True, True, False], [True, False, False]])
    layer = BatchNormalization(momentum=0.0)
    layer(x, training=True, mask=mask.tolist())
    np.testing.assert_allclose(layer.moving_mean.numpy(), x[mask].mean(0), rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), x[mask].var(0), rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 2), (3, 2, 5, 4), (3, 2, 4)])
def test_a_mask_of_another_rank_or_size(shape, fails):
    layer = tf_recipes.BatchNormalization()
    layer.build((3, 2, 5, 4))
    x, mask = keras.ops.ones((3, 2, 5, 4)), np.ones(shape, bool)
    with fails("`mask`", f"mask of shape {shape}, inputs of shape (3, 2, 5, 4)", "(3, 2, 5)"):
        layer.call(x, training=True, mask=mask)
    assert layer.call(x, training=False, mask=mask).shape == x.shape  # has no use for the mask


def test_gradient_is_that_of_keras_layer():
    """Compares gradients: in training both layers normalise alike, only the averages differ."""
    x = tf.Variable(sample(5, 3) + np.arange(3, dtype="float32"))
    weights = tf.constant(sample(5, 3)[::-1])
    found = []
    for layer in (BatchNormalization(), keras.layers.BatchNormalization(scale=False)):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(x, training=True) * weights)
        found.append(tape.gradient(total, x).numpy())
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-5)
    assert abs(found[0]).max() > 0.1


@pytest.mark.parametrize(
    "dtype, jit_compile",
    [("float32", True), ("float64", False), ("mixed_float16", True), ("mixed_bfloat16", False)],
)
def test_convolutional_network_trains_and_loads_with_the_same_bits(dtype, jit_compile, tmp_path):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 1), dtype="float64" if dtype == "float64" else "float32")
    x = keras.layers.Conv2D(4, 3, use_bias=False, dtype=dtype)(inputs)
    norm = BatchNormalization(momentum=0.9, scale=True, dtype=dtype)
    x = keras.layers.Flatten(dtype=dtype)(norm(x))
    model = keras.Model(inputs, keras.layers.Dense(1, dtype=dtype)(x))
    model.compile(tf_recipes.Momentum(0.01), "mse", jit_compile=jit_compile)
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
    images = sample(8, 6, 6, 1)
    losses = model.fit(images, images[:, 0, 0], epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert norm.moving_variance.dtype == ("float64" if dtype == "float64" else "float32")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(again.layers[2], BatchNormalization)
    np.testing.assert_array_equal(
        again.predict(images, verbose=0), model.predict(images, verbose=0)
    )


def test_all_three_layers_and_the_shared_arguments_form_agree():
    def by_layer(inputs, dense, **norm):
        hidden1 = dense(
            inputs, 5, normalizer=functools.partial(BatchNormalization, **norm), name="h1"
        )
        hidden2 = dense(
            hidden1, 4, normalizer=functools.partial(BatchNormalization, **norm), name="h2"
        )
        return dense(
            hidden2,
            3,
            activation=None,
            normalizer=functools.partial(BatchNormalization, **norm),
            name="outputs",
        )

    def shared(inputs, dense, **norm):
        layer = functools.partial(dense, normalizer=functools.partial(BatchNormalization, **norm))
        hidden2 = layer(layer(inputs, 5, name="h1"), 4, name="h2")
        return layer(hidden2, 3, activation=None, name="outputs")

    models = []
    for network in (by_layer, shared):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((6,))
        outputs = network(inputs, tf_recipes.fully_connected, momentum=0.99, scale=True)
        models.append(keras.Model(inputs, outputs))
    first, second = models
    assert [layer.name for layer in first.layers[1:]] == [layer.name for layer in second.layers[1:]]
    assert sum(isinstance(layer, BatchNormalization) for layer in second.layers) == 3
    assert not any("bias" in variable.path for variable in second.variables)
    for variable, other in zip(first.variables, second.variables, strict=True):
        assert variable.path == other.path
    second.set_weights(first.get_weights())
    x = sample(4, 6)
    np.testing.assert_array_equal(first(x, training=True), second(x, training=True))


def test_config_round_trip():
    layer = BatchNormalization(
        momentum=0.9, epsilon=1e-6, center=False, scale=True, fused=False, name="bn"
    )
    text = json.dumps(keras.saving.serialize_keras_object(layer))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert isinstance(again, BatchNormalization)
    assert again.get_config() == layer.get_config()
    assert again.fused is False


@pytest.mark.parametrize(
    "arguments, parts",
    [
        ({"momentum": 1.5}, ["`momentum`", "[0, 1]", "momentum=1.5"]),
        ({"momentum": float("nan")}, ["`momentum`", "nan"]),
        ({"epsilon": -1e-3}, ["`epsilon`", "[0, inf)"]),
        ({"center": 1}, ["`center`", "true or false"]),
        ({"scale": None}, ["`scale`"]),
        ({"fused": "no"}, ["`fused`", "fused='no'"]),
        ({"axis": (0, 1)}, ["`axis`", "axis=(0, 1)"]),
        ({"axis": "last"}, ["`axis`", "axis='last'"]),
        ({"renorm": True}, ["`renorm`", "keras.layers.BatchNormalization"]),
        ({"synchronized": True}, ["`synchronized`"]),
    ],
)
def test_bad_arguments(arguments, parts, fails):
    with fails(*parts):
        BatchNormalization(**arguments)


def test_axis_that_the_inputs_lack(fails):
    for axis in (2, -3):
        with fails("`axis`", f"axis={axis}", "(4, 2)"):
            BatchNormalization(axis=axis)(sample(4, 2))


def test_a_share_is_normalised_by_the_whole_batch():
    # The global batch is 1, 3 | 5, 7: mean 4, squared deviations 9 + 1 + 1 + 9 = 20, N = 4.
    others = iter([12.0, 10.0])  # the other replica's sums: of 5 and 7, then of 1 and 9
    share = replicas.Share(0, 2, lambda own: own + next(others))
    layer = BatchNormalization(momentum=0.9, epsilon=0.0)
    with replicas.sharing(share):
        outputs = layer(np.float32([[1.0], [3.0]]), training=True)
    root = (20 / 4 + 1.001e-5) ** 0.5
    np.testing.assert_allclose(outputs, [[-3 / root], [-1 / root]], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_mean, [0.1 * 4], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, [0.9 + 0.1 * 20 / 3], rtol=1e-6)


def test_a_share_with_a_mask_counts_what_all_replicas_keep():
    # kept: 1, 3 | 5: mean 3, squared deviations 4 + 0 + 4 = 8, N = 3
    others = iter([1.0, 5.0, 4.0])  # count, sum, squared deviations
    share = replicas.Share(0, 2, lambda own: own + next(others))
    layer = BatchNormalization(momentum=0.0)
    x = np.float32([[[1.0], [3.0], [100.0]]])
    with replicas.sharing(share):
        layer(x, training=True, mask=np.array([[True, True, False]]))
    np.testing.assert_allclose(layer.moving_mean, [3.0], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, [8 / 3], rtol=1e-6)


def test_a_layer_that_is_not_trained_may_have_the_statistics_of_the_batch():
    x = sample(4, 2)
    layer = BatchNormalization(momentum=0.9, scale=True, trainable=False, statistics="training")
    usual = BatchNormalization(momentum=0.9, scale=True)
    for training in (True, False):
        ours, theirs = (each(x, training=training).numpy() for each in (layer, usual))
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(layer.moving_variance, usual.moving_variance)
    assert not layer.trainable_variables and usual.trainable_variables
    still = BatchNormalization(momentum=1.0, trainable=False, statistics="training")
    still(x, training=True)
    assert not still.moving_mean.numpy().any()


def test_statistics_are_those_of_a_constant_is_training():
    x = sample(4, 2)
    batch = BatchNormalization(momentum=0.9, statistics="batch")
    moving = BatchNormalization(momentum=0.9, statistics="moving")
    usual = BatchNormalization(momentum=0.9)
    inputs = keras.Input((2,))
    models = [keras.Model(inputs, layer(inputs)) for layer in (batch, moving, usual)]
    in_training, in_evaluation = (
        [model(x, training=training).numpy() for model in models] for training in (True, False)
    )
    np.testing.assert_array_equal(in_training[0], in_training[2])
    np.testing.assert_array_equal(in_evaluation[0], in_training[0])
    np.testing.assert_array_equal(in_training[1], in_evaluation[1])
    # the averages move in training alone, and not where the layer uses them
    np.testing.assert_array_equal(batch.moving_mean, usual.moving_mean)
    assert not moving.moving_mean.numpy().any()
    assert batch.get_config()["statistics"] == "batch"
    with pytest.raises(ValueError, match="statistics='both'"):
        BatchNormalization(statistics="both")
