"""Tests each optimizer under every argument of a Keras optimizer, against TensorFlow 1.15.5."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import optimizer_table
import tf_recipes


def test_every_argument_leaves_tf1s_numbers():
    """Checks sparse, dense and missing gradients, of whole batches and of their parts."""
    assert optimizer_table.RECORDED["tensorflow"] == "1.15.5"
    assert optimizer_table.differing("repeated") == {}


def test_xla_takes_the_same_steps():
    case = "global_clipnorm", "unique"  # one row in each part: one shape to compile
    names = ["gradient_descent", "rmsprop", "adam_w"]
    optimizers = {name: optimizer_table.make(name, case[0], "parts") for name in names}
    weights = {name: optimizer_table.variables() for name in names}
    for name, optimizer in optimizers.items():
        optimizer.build(weights[name])

    @tf.function(jit_compile=True)
    def apply(values, row, dense):
        for name, optimizer in optimizers.items():
            sparse = tf.IndexedSlices(values, row, tf.constant([4, 2]))
            optimizer.apply([sparse, dense], weights[name][:2])

    for step in range(2):
        for sparse, dense, _ in optimizer_table.gradients(case[1], step, parts=2, scale=8.0):
            apply(sparse.values, sparse.indices, dense)
    for name in names:
        found = [each.numpy() for each in weights[name]]
        assert optimizer_table.distance(found, (name, *case)) < optimizer_table.ROUNDING


@pytest.mark.parametrize(
    "name", ["gradient_descent", "momentum", "adagrad", "rmsprop", "momentum_w"]
)
def test_sparse_step_reads_and_writes_its_own_rows_alone(name):
    """Checks that no operation has a tensor of the whole table; TF1's Adam needs one."""
    operations, whole = traced_sparse_step(name, global_clipnorm=1.0, loss_scale_factor=2.0)
    assert len(operations) > 20 and whole == []


@pytest.mark.parametrize("name", ["adam", "adam_w"])
def test_sparse_step_of_adam_copies_no_table(name):
    """Checks that each moment is read once as a whole, for the step of all rows, and not written.

    TensorFlow copies a table of which rows were written at each such read, and at each such write.
    """
    _, whole = traced_sparse_step(name)
    assert sorted(whole) == ["AddV2", "Mul", "ReadVariableOp", "ReadVariableOp", "RealDiv", "Sqrt"]


def traced_sparse_step(name, **arguments):
    """Returns the operations of a step of one row, and the types of those with a whole table."""
    weights = keras.Variable(np.ones((7, 2), "float32"))
    optimizer = optimizer_table.MAKE[name](0.1, **arguments)
    optimizer.build([weights])

    @tf.function
    def apply():
        row = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([2]), tf.constant([7, 2]))
        optimizer.apply([row], [weights])

    operations = apply.get_concrete_function().graph.get_operations()
    return operations, [
        each.type for each in operations for out in each.outputs if out.shape == (7, 2)
    ]


def test_schedule_reads_the_number_of_whole_steps():
    # TF 1.15.5 with the whole batch: two steps of a gradient of 1, at the rates 1 and 1/2.
    rate = tf_recipes.exponential_decay(1.0, decay_steps=1, decay_rate=0.5)
    optimizer, w = (
        tf_recipes.GradientDescent(rate, gradient_accumulation_steps=2),
        keras.Variable(0.0),
    )
    for _ in range(4):
        optimizer.apply([keras.ops.array(1.0)], [w])
    assert float(w) == -1.5
    assert float(optimizer.learning_rate) == 0.25


def test_overwriting_average_comes_with_the_whole_step():
    def trained(parts):
        optimizer = tf_recipes.GradientDescent(
            0.5,
            use_ema=True,
            ema_momentum=0.5,
            ema_overwrite_frequency=2,
            gradient_accumulation_steps=parts,
        )
        w = keras.Variable(0.0)
        for gradient in (1.0, 3.0, -2.0, 0.5):
            for _ in range(parts or 1):
                optimizer.apply([keras.ops.array(gradient)], [w])
        return float(w)

    # -0.5, then -2 and its average -1.25; -0.25, then -0.5 and its average -0.625
    assert trained(None) == trained(3) == pytest.approx(-0.625)


# TF 1.15.5: two batches with the mean gradients [1.5, -0.5], 1, rows (1, 1) of 2 and 1, and None,
# at the rate 0.5, clipped by tf.clip_by_global_norm to 1; the first is None in the second
# batch, too.
SOME_GRADIENTS_MISSING = {
    "momentum": [
        [0.7427520751953125, 1.0857492685317993],
        0.47002851963043213,
        [[1.0], [-0.5899143815040588], [1.0]],
        [1.0, 1.0],
    ],
    "adam": [
        [0.5000002980232239, 1.4999990463256836],
        -0.000377655029296875,
        [[1.0], [-0.0003781318664550781], [1.0]],
        [1.0, 1.0],
    ],
}


@pytest.mark.parametrize("name", SOME_GRADIENTS_MISSING)
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize("graph", [False, True])
def test_accumulated_gradients_of_variables_that_some_parts_lack(name, graph):
    """Checks gradients in the first part of a batch alone, in the last alone, and in none."""
    optimizer = optimizer_table.MAKE[name](0.5, global_clipnorm=1.0, gradient_accumulation_steps=2)
    weights = [keras.Variable(np.ones(shape, "float32")) for shape in ((2,), (), (3, 1), (2,))]
    optimizer.build(weights)
    table = tf.IndexedSlices(tf.constant([[4.0], [2.0]]), tf.constant([1, 1]), tf.constant([3, 1]))
    dense = tf.constant([3.0, -1.0])
    for part in (
        [dense, None, table, None],
        [None, tf.constant(2.0), None, None],
        [None, tf.constant(2.0), None, None],
        [None, None, table, None],
    ):
        apply = functools.partial(optimizer.apply, part, weights)
        (tf.function(apply) if graph else apply)()
    assert int(optimizer.iterations) == 2
    for ours, expected in zip(weights, SOME_GRADIENTS_MISSING[name], strict=True):
        np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-6, atol=1e-7)
    assert all(np.all(each.numpy() == 0) for each in optimizer._held_rows)


@pytest.mark.parametrize("make", optimizer_table.MAKE.values(), ids=optimizer_table.MAKE)
def test_no_gradients_are_no_step(make):
    """Checks that nothing happens, as in Keras; TF1 raised "No variables provided."."""
    optimizer = make(0.1)
    optimizer.apply([])
    w = keras.Variable(1.0)
    optimizer.build([w])
    optimizer.apply([])
    assert int(optimizer.iterations) == 0 and float(w) == 1.0
    with pytest.raises(ValueError, match="No gradients provided"):  # as in TF1
        optimizer.apply([None], [w])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_loss_scale_optimizer_leaves_sparse_gradients_sparse(jit_compile):
    """Checks it with XLA, too, where a row that occurs twice must not touch another row."""
    inner = tf_recipes.Momentum(0.1)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=4.0)
    w = keras.Variable(np.ones((4, 1), "float32"))
    optimizer.build([w])

    @tf.function(jit_compile=jit_compile)
    def apply(rows):
        values = tf.constant([[2.0], [2.0], [4.0]])
        optimizer.apply([tf.IndexedSlices(values, rows, tf.constant([4, 1]))], [w])

    for rows in ([1, 1, 2], [2, 2, 1], [3, 3, 1]):
        apply(tf.constant(rows))
    # TF 1.15.5, with the values divided by 4
    np.testing.assert_allclose(w.numpy().ravel(), [1.0, 0.439, 0.71, 0.9], rtol=1e-6)


@pytest.fixture
def float64():
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


@pytest.mark.parametrize("name", ["gradient_descent", "momentum", "rmsprop", "adam_w"])
def test_rate_is_float32_where_keras_is_float64(name, float64):
    # TF 1.15.5, float64: 1 - np.float64(np.float32(0.1)) for gradient descent and momentum
    make = {**optimizer_table.MAKE, "rmsprop": tf_recipes.RMSProp}[name]
    w = keras.Variable(1.0, dtype="float64")
    optimizer = make(0.1)
    assert optimizer.learning_rate.dtype == "float64"  # as Keras keeps it
    optimizer.apply([keras.ops.array(1.0, "float64")], [w])
    expected = {
        "gradient_descent": 0.8999999985098839,
        "momentum": 0.8999999985098839,
        "rmsprop": 0.8999999985148839,
        "adam_w": 0.8000000301328544,
    }
    assert float(w) == pytest.approx(expected[name], rel=1e-15)


@pytest.mark.parametrize("name", ["GradientDescent", "Momentum", "Adam"])
def test_an_update_waits_for_the_gradient_of_its_variable_alone(name):
    """Only so does TensorFlow keep the order of the forward pass before the update.

    The loss of a critic is linear in its last kernel, whose gradient does not depend on its value.
    """
    critic = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, "tanh"),
            keras.layers.Dense(1, use_bias=False, name="last"),
        ]
    )
    optimizer = getattr(tf_recipes, name)(0.1)
    critic.compile(optimizer, loss=lambda y, outputs: keras.ops.mean(y * outputs))
    step = tf.function(critic.train_step).get_concrete_function((tf.ones((2, 3)), tf.ones((2, 1))))
    handle = critic.get_layer("last").kernel.value.handle
    last = next(inner for outer, inner in step.graph.captures if outer is handle)
    (update,) = (
        op
        for op in step.graph.get_operations()
        if op.type.startswith("Assign") and op.inputs[0] is last
    )
    waiting, found = [update], set()
    while waiting:
        op = waiting.pop()
        if op not in found:
            found.add(op)
            waiting += [each.op for each in op.inputs]
    reads = [op for op in found if op.type == "ReadVariableOp" and op.inputs[0] is last]
    assert len(reads) == 1  # of the update itself
    assert len([op for op in update.control_inputs if op.type == "ReadVariableOp"]) == 2
