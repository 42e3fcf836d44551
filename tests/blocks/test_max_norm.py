"""Tests max-norm: TF1's numbers, both forms of the chapter, both axes, and other kernels."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes

W = [[3.0, 0.3, 0.0], [4.0, -0.4, 0.0], [0.0, 0.1, 0.0]]

# TF 1.15.5: sess.run(tf.clip_by_norm(tf.constant(W, dtype), threshold, axes=axis))
CLIPPED = [
    ("float64", 1.0, 0, [[0.6, 0.3, 0.0], [0.8, -0.4, 0.0], [0.0, 0.1, 0.0]]),
    (
        "float64",
        1.0,
        1,
        [
            [0.9950371902099892, 0.09950371902099892, 0.0],
            [0.9950371902099893, -0.09950371902099893, 0.0],
            [0.0, 0.1, 0.0],
        ],
    ),
    (
        "float64",
        0.7,
        0,
        [
            [0.41999999999999993, 0.3, 0.0],
            [0.5599999999999999, -0.39999999999999997, 0.0],
            [0.0, 0.09999999999999999, 0.0],
        ],
    ),
    (
        "float64",
        0.7,
        (0, 1),
        [
            [0.41783288889265285, 0.04178328888926529, 0.0],
            [0.5571105185235372, -0.05571105185235372, 0.0],
            [0.0, 0.01392776296308843, 0.0],
        ],
    ),
    (
        "float32",
        0.7,
        1,
        [
            [0.6965259909629822, 0.06965260952711105, 0.0],
            [0.6965259909629822, -0.06965260207653046, 0.0],
            [0.0, 0.10000000149011612, 0.0],
        ],
    ),
]


@pytest.mark.parametrize("dtype, threshold, axis, expected", CLIPPED)
def test_clipped_weights_are_those_of_tf1(dtype, threshold, axis, expected):
    clipped = tf_recipes.MaxNorm(threshold, axis=axis)(keras.ops.array(W, dtype))
    assert keras.backend.standardize_dtype(clipped.dtype) == dtype
    np.testing.assert_allclose(
        clipped, expected, rtol={"float32": 2**-23, "float64": 2**-52}[dtype], atol=0
    )


def test_convolution_filters_are_bounded_one_by_one():
    # TF 1.15.5: tf.clip_by_norm((np.arange(24).reshape(2, 2, 2, 3) - 10) / 8, 1.0, axes=[0, 1, 2])
    kernel = (np.arange(24.0).reshape(2, 2, 2, 3) - 10) / 8
    clipped = np.array(tf_recipes.clip_by_norm(kernel, 1.0, axis=(0, 1, 2)))
    np.testing.assert_allclose(
        clipped[1, 1, 1], [0.5642880936468347, 0.6030226891555273, 0.6283787178796812], rtol=2**-51
    )
    np.testing.assert_allclose(np.square(clipped).sum((0, 1, 2)), 1.0, rtol=1e-14)


def test_default_is_the_norm_of_the_whole_tensor():
    # TF 1.15.5: tf.clip_by_norm([[3, 0], [4, 1]], 1.0)
    clipped = tf_recipes.clip_by_norm(np.float32([[3.0, 0.0], [4.0, 1.0]]), 1.0)
    expected = [[0.588348388671875, 0.0], [0.7844645380973816, 0.1961161345243454]]
    np.testing.assert_allclose(clipped, expected, rtol=2**-23)
    both = tf_recipes.clip_by_norm(np.float32([[3.0, 0.0], [4.0, 1.0]]), 1.0, axis=[0, 1])
    np.testing.assert_array_equal(both, clipped)
    scalar = tf_recipes.clip_by_norm(keras.ops.array(3.0), 1.0)
    assert float(scalar) == 1.0  # as TF 1.15.5


@pytest.mark.parametrize(
    ("values", "rows", "axis", "expected"),
    [
        ([[3.0, 4.0]], [0], None, [[0.6000000238418579, 0.800000011920929]]),
        (
            [[3.0, 4.0], [3.0, 4.0]],
            [1, 1],
            None,
            [[0.4242640733718872, 0.5656854510307312], [0.4242640733718872, 0.5656854510307312]],
        ),
        (
            [[3.0, 4.0], [6.0, 8.0]],
            [1, 2],
            1,
            [[0.6000000238418579, 0.800000011920929], [0.6000000238418579, 0.800000011920929]],
        ),
    ],
)
def test_sparse_gradient_is_clipped_by_the_norm_of_its_values(values, rows, axis, expected):
    # TF 1.15.5: tf.clip_by_norm(tf.IndexedSlices(values, rows, [3, 2]), 1.0, axes=axis)
    sparse = tf.IndexedSlices(tf.constant(values), tf.constant(rows), tf.constant([3, 2]))
    clipped = tf_recipes.clip_by_norm(sparse, 1.0, axis=axis)
    np.testing.assert_allclose(clipped.values, expected, rtol=2**-23)
    np.testing.assert_array_equal(clipped.indices, rows)
    np.testing.assert_array_equal(clipped.dense_shape, [3, 2])


def test_weights_inside_the_ball_keep_their_bits():
    """Checks that weights below the threshold stay; Keras' constraint shrinks them."""
    weights = np.array([[0.3, 0.1], [0.4, -0.7]], "float32")
    clipped, keras_clipped = weights, weights
    for _ in range(100):
        clipped = tf_recipes.MaxNorm(1.0)(clipped)
        keras_clipped = keras.constraints.MaxNorm(1.0)(keras_clipped)
    np.testing.assert_array_equal(clipped, weights)
    assert (np.array(keras_clipped) != weights).any()


def test_gradient_passes_through_a_column_of_zeros():
    weights = tf.Variable(W)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf_recipes.clip_by_norm(weights, 1.0, axis=0))
    gradient = np.array(tape.gradient(total, weights))
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(
        gradient[:, 2], [1.0, 1.0, 1.0]
    )  # norm below the threshold: identity


def dense_model(constraint=None, **compile_arguments):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    layer = keras.layers.Dense(3, name="hidden1", kernel_constraint=constraint)
    model = keras.Model(inputs, keras.layers.Dense(2, name="outputs")(layer(inputs)))
    model.compile(keras.optimizers.SGD(0.1), "mse", **{"jit_compile": False, **compile_arguments})
    return model


def trained(model, callbacks=()):
    x = np.linspace(-2, 2, 32, dtype="float32").reshape(8, 4)
    y = np.stack([x.sum(-1), -x[:, 0]], axis=-1)
    model.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0, callbacks=list(callbacks))
    return model.get_layer("hidden1").kernel.numpy()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_both_forms_keep_the_bound_and_agree(axis, jit_compile):
    slot = trained(dense_model(tf_recipes.MaxNorm(0.5, axis), jit_compile=jit_compile))
    by_hand = trained(
        dense_model(jit_compile=jit_compile), [tf_recipes.ClipWeights("hidden1", 0.5, axis)]
    )
    norms = np.sqrt(np.square(slot).sum(axis))
    assert norms.max() <= 0.5 * (1 + 2**-22)
    assert norms.max() > 0.49  # so the constraint was active
    np.testing.assert_allclose(by_hand, slot, rtol=1e-5, atol=1e-6)


def test_clip_weights_leaves_other_layers_alone():
    model = dense_model()
    model.get_layer("outputs").kernel.assign(np.full((3, 2), 10.0))
    model.optimizer.learning_rate = 0.0
    kernel = trained(model, [tf_recipes.ClipWeights(["hidden1"], 0.1)])
    np.testing.assert_allclose(np.square(kernel).sum(0), 0.01, rtol=1e-5)
    np.testing.assert_array_equal(model.get_layer("outputs").kernel.numpy(), 10.0)


# The incoming weights of a unit of each layer, found as the weights with a gradient when this
# unit's output is the loss.
KINDS = [
    (keras.layers.Dense(3), (4,), {"kernel": (0,)}),
    (keras.layers.Conv1D(3, 2), (5, 4), {"kernel": (0, 1)}),
    (keras.layers.Conv2D(3, 2), (5, 5, 4), {"kernel": (0, 1, 2)}),
    (keras.layers.Conv3D(3, 2), (4, 4, 4, 2), {"kernel": (0, 1, 2, 3)}),
    (keras.layers.Conv1DTranspose(3, 2), (5, 4), {"kernel": (0, 2)}),
    (keras.layers.Conv2DTranspose(3, 2), (5, 5, 4), {"kernel": (0, 1, 3)}),
    (keras.layers.Conv3DTranspose(3, 2), (4, 4, 4, 2), {"kernel": (0, 1, 2, 4)}),
    (keras.layers.DepthwiseConv1D(2, depth_multiplier=2), (5, 4), {"kernel": (0,)}),
    (keras.layers.DepthwiseConv2D(2, depth_multiplier=2), (5, 5, 4), {"kernel": (0, 1)}),
    (
        keras.layers.SeparableConv1D(3, 2),
        (5, 4),
        {"depthwise_kernel": (0,), "pointwise_kernel": (0, 1)},
    ),
    (
        keras.layers.SeparableConv2D(3, 2),
        (5, 5, 4),
        {"depthwise_kernel": (0, 1), "pointwise_kernel": (0, 1, 2)},
    ),
    (keras.layers.Embedding(3, 4), (2,), {"embeddings": (1,)}),
]


@pytest.mark.parametrize(
    ("layer", "shape", "expected"), KINDS, ids=lambda each: getattr(each, "name", None)
)
def test_axes_by_the_kind_of_the_layer(layer, shape, expected):
    with tf.GradientTape() as tape:
        outputs = layer(tf.ones((1, *shape), "int32" if "embeddings" in expected else "float32"))
        unit = tf.reduce_sum(outputs if "embeddings" in expected else outputs[..., 0])
    last = list(expected)[-1]  # of a separable convolution, the pointwise kernel
    gradient = tf.convert_to_tensor(tape.gradient(unit, getattr(layer, last).value))
    touched = np.array(gradient) != 0
    axes = expected[last]
    np.testing.assert_array_equal(touched.any(axes), touched.all(axes))
    assert touched.any(axes).sum() == 1, "the axes hold the weights of one unit, and all of them"

    for name in expected:
        getattr(layer, name).assign(np.ones(getattr(layer, name).shape))
    net = keras.Model(inputs := keras.Input(shape), layer(inputs))
    net.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    clip = tf_recipes.ClipWeights(layer.name, 0.5)
    clip.set_model(net)
    clip.on_train_begin()
    clip.on_train_batch_end(0)
    for name, axes in expected.items():
        kernel = getattr(layer, name).numpy()
        np.testing.assert_allclose(np.square(kernel).sum(axes), 0.25, rtol=1e-6)


def test_axes_of_an_unknown_layer_must_be_passed(fails):
    inputs = keras.Input((3, 4))
    layer = keras.layers.EinsumDense("abc,bcd->ad", 2, name="einsum")
    net = keras.Model(inputs, layer(inputs))
    net.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    with fails("axes must be passed", "'einsum' is a EinsumDense"):
        net.fit(
            np.ones((1, 3, 4)), np.ones((1, 2)), callbacks=[tf_recipes.ClipWeights("einsum", 1.0)]
        )
    clip = tf_recipes.ClipWeights("einsum", 0.5, axis=[0, 1])
    layer.kernel.assign(np.ones((3, 4, 2)))
    net.fit(np.ones((1, 3, 4)), np.ones((1, 2)), callbacks=[clip], verbose=0)
    np.testing.assert_allclose(np.square(layer.kernel.numpy()).sum((0, 1)), 0.25, rtol=1e-6)


def test_mixed_precision_bounds_the_float32_weights(policy):
    policy("mixed_float16")
    kernel = trained(dense_model(tf_recipes.MaxNorm(0.25)))
    assert kernel.dtype == np.float32
    assert np.sqrt(np.square(kernel).sum(0)).max() <= 0.25 * (1 + 2**-22)


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1, 2)])
def test_config_round_trip(axis):
    constraint = tf_recipes.MaxNorm(0.7, axis=axis)
    text = json.dumps(keras.saving.serialize_keras_object(constraint))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert isinstance(again, tf_recipes.MaxNorm)
    assert (again.threshold, again.axis) == (0.7, axis)


@pytest.mark.parametrize("threshold", [0, 0.0, -1.0, float("nan"), float("inf"), "1", None, True])
def test_bad_thresholds(threshold, fails):
    for make in (
        tf_recipes.MaxNorm,
        lambda threshold: tf_recipes.clip_by_norm(W, threshold),
        lambda threshold: tf_recipes.ClipWeights(["hidden1"], threshold),
    ):
        with fails("`threshold`", "(0, inf)", f"threshold={threshold!r}"):
            make(threshold)


@pytest.mark.parametrize("axis", [5, -6, 0.0, True, None, "0", (), (0, 0), (0, -5), (0, 7)])
def test_axes_that_no_kernel_has(axis, fails):
    with fails("`axis`", f"axis={axis!r}", "incoming weights"):
        tf_recipes.MaxNorm(1.0, axis=axis)


def test_axes_that_this_kernel_lacks(fails):
    with fails("`axis`", "axis=2", "from -2 to 1"):
        tf_recipes.MaxNorm(1.0, axis=2)(np.ones((2, 2), "float32"))
    with fails("`axis`", "axis=(0, -2)"):
        tf_recipes.MaxNorm(1.0, axis=(0, -2))(np.ones((2, 2), "float32"))


def test_layers_that_cannot_be_clipped(fails):
    with pytest.raises(ValueError, match="No such layer: hidden7"):
        trained(dense_model(), [tf_recipes.ClipWeights(["hidden7"], 1.0)])
    model = dense_model()
    with fails("`layers`", model.layers[0].name, "has none"):
        trained(model, [tf_recipes.ClipWeights([model.layers[0].name], 1.0)])


def test_by_hand_refuses_to_miss_steps():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="d")])
    model.compile("sgd", "mse", steps_per_execution=4)
    clip = tf_recipes.ClipWeights("d", 1.0)
    ones = keras.ops.ones
    with pytest.raises(ValueError, match="steps_per_execution"):
        model.fit(ones((8, 2)), ones((8, 1)), verbose=0, callbacks=[clip])


@pytest.mark.parametrize("layers", [None, [], [3]])
def test_by_hand_needs_names(layers):
    with pytest.raises(ValueError, match="layers"):
        tf_recipes.ClipWeights(layers, 1.0)


@pytest.mark.parametrize("by_hand", [False, True])
def test_parts_of_a_batch_are_clipped_after_the_whole_step(by_hand):
    """Parts of a batch with the gradients (1, 0) and (0, 1), whose mean makes the step.

    (3, 4) - 0.5 (0.5, 0.5) = (2.75, 3.75), of norm 4.650269.
    """
    constraint = None if by_hand else tf_recipes.MaxNorm(1.0, axis=0)
    dense = keras.layers.Dense(1, use_bias=False, kernel_constraint=constraint, name="dense")
    model = keras.Sequential([keras.Input((2,)), dense])
    model.compile(
        tf_recipes.GradientDescent(0.5, gradient_accumulation_steps=2),
        lambda y, outputs: keras.ops.mean(outputs),
    )
    dense.kernel.assign([[3.0], [4.0]])
    clip = [tf_recipes.ClipWeights(["dense"], threshold=1.0)] if by_hand else []
    rows = np.eye(2, dtype="float32")
    model.fit(rows, rows[:, :1], batch_size=1, shuffle=False, verbose=0, callbacks=clip)
    expected = [[2.75 / 4.650269], [3.75 / 4.650269]]
    np.testing.assert_allclose(dense.kernel, expected, rtol=1e-6)
    assert isinstance(dense.kernel.constraint, tf_recipes.MaxNorm) is not by_hand
