"""Ports that leave TF1 in what a comparison could miss: they must never be called a match."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf1_program import descend, entropy, placeholders, saved
from tf_recipes.verify import verify

v1 = tf.compat.v1
layers = keras.layers
RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.rand(16, 4, 4, 3).astype("f4")
ROWS = RANDOM.rand(16, 6).astype("f4")
CLASSES = RANDOM.randint(0, 3, 16).astype("i4")
TARGETS = {"ta": RANDOM.rand(16, 3).astype("f4"), "tb": RANDOM.rand(16, 3).astype("f4")}


def judged(model, checkpoint, feeds, **settings):
    return verify(
        model, checkpoint, feeds, steps=2, batch_size=8, cache=False, explain=False, **settings
    )


def dense(x, units, name):
    random = v1.random_uniform_initializer(-0.5, 0.5, seed=len(name) + ord(name[0]))
    with v1.variable_scope(name, reuse=v1.AUTO_REUSE):
        kernel = v1.get_variable("kernel", [x.shape[-1], units], initializer=random)
        return tf.matmul(x, kernel) + v1.get_variable("bias", [units], initializer=random)


def minimize(logits, labels, rate=0.1):
    return descend(entropy(logits, labels), rate)


def compiled(inputs, outputs, loss=None, rate=0.1):
    model = keras.Model(inputs, outputs)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate), loss or entropy)
    return model


class Unscaled(layers.Dropout):
    """Forgets the division, which a mask of TF1 must not repair."""

    def call(self, inputs, training=False):
        return keras.ops.where(inputs > 0.5, inputs, 0) if training else inputs


@pytest.mark.parametrize("spatial", [True, False])
def test_a_dropout_layer_takes_masks_of_the_shape_that_it_draws_alone(tmp_path, spatial):
    def program():
        x, y = placeholders(4, 4, 3)
        shape = [8, 1, 1, 3] if spatial else None
        net = v1.nn.dropout(x, rate=v1.placeholder_with_default(0.0, []), noise_shape=shape)
        minimize(dense(tf.reshape(net, [-1, 48]), 3, "out"), y)

    def port(dropout):
        inputs = keras.Input((4, 4, 3), name="x")
        net = layers.Flatten()(dropout(inputs))
        return lambda: compiled(inputs, layers.Dense(3, name="out")(net))

    checkpoint = saved(tmp_path, program)
    noise = (None, 1, 1, 3)
    for_each = {
        True: [layers.SpatialDropout2D(0.5), tf_recipes.Dropout(0.5, noise_shape=noise)],
        False: [layers.Dropout(0.5), tf_recipes.Dropout(0.5)],
    }
    wrong = [*for_each[not spatial][:1], Unscaled(0.5)]
    ports = [(True, for_each[spatial][spatial]), *((False, each) for each in wrong)]
    feeds, feed = {"x": IMAGES, "y": CLASSES}, {"PlaceholderWithDefault": 0.5}
    # with `rate`'s default the evaluation keeps all; a fixed noise shape needs whole batches
    for right, layer in ports:
        if spatial:
            feeds = {"x": IMAGES[:8], "y": CLASSES[:8]}
        report = judged(port(layer), checkpoint, feeds, feed=feed)
        assert report.passed == right, (layer.name, str(report))
        if not right:
            assert layer.name in [each["name"] for each in report.document["not_compared"]]


def mlp(rate=0.1, trainable=True):
    inputs = keras.Input((6,), name="x")
    out = layers.Dense(3, name="out", trainable=trainable)
    return compiled(inputs, out(inputs), rate=rate)


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
def test_steps_too_small_to_be_seen_prove_nothing(tmp_path):
    def program():
        x, y = placeholders(6)
        minimize(dense(x, 3, "out"), y, 1e-9)

    checkpoint, feeds = saved(tmp_path, program), {"x": ROWS, "y": CLASSES}
    for port in (lambda: mlp(1e-9), lambda: mlp(trainable=False)):
        report = judged(port, checkpoint, feeds)
        assert report.exit_status == 2 and "trains nothing" in str(report)


def two_outputs(order):
    inputs = keras.Input((6,), name="x")
    outputs = {name: layers.Dense(3, name=name)(inputs) for name in ("a", "b")}
    return compiled(inputs, [outputs[name] for name in order], ["mse"] * len(order))


def test_labels_belong_to_the_outputs_with_which_the_loss_compares_them(tmp_path):
    def program():
        x, _ = placeholders(6)
        losses = [
            tf.reduce_mean(
                tf.square(dense(x, 3, n) - v1.placeholder(tf.float32, [None, 3], f"t{n}"))
            )
            for n in "ab"
        ]
        steps = [v1.train.GradientDescentOptimizer(0.1).minimize(each) for each in losses]
        v1.add_to_collection("train_op", tf.group(*steps))
        losses = [tf.identity(losses[0], "la"), tf.add(*losses, name="both")]

    checkpoint, feeds = saved(tmp_path, program), {"x": ROWS, **TARGETS}
    report = judged(lambda: two_outputs("ba"), checkpoint, feeds, loss="both")
    assert report.passed, str(report)
    # the step trains `b`, and the port does not have it
    alone = judged(lambda: two_outputs("a"), checkpoint, feeds, loss="la")
    assert alone.first_failure["stage"] == "map" and "b/" in alone.first_failure["name"]
    with pytest.raises(ValueError, match="`outputs` must name a tensor for each output"):
        judged(lambda: two_outputs("a"), checkpoint, feeds, loss="la", outputs=["la", "both"])
    with pytest.raises(ValueError, match=r"The model must train on the batches\. Received: "):
        judged(lambda: two_outputs("ab"), checkpoint, feeds, loss="both", labels=["ta"])


class Standardized(layers.Layer):
    """Takes the statistics of the batch, in evaluation or not."""

    def call(self, inputs, training=False):
        mean = keras.ops.mean(inputs, 0)
        return inputs - mean if training or not self.name.startswith("right") else inputs


def test_the_branch_for_training_is_not_taken_for_the_predictions(tmp_path):
    def program():
        x, y = placeholders(6)
        minimize(dense(x - tf.reduce_mean(x, 0), 3, "out"), y)
        tf.identity(dense(x, 3, "out"), "predictions")

    def port(name):
        inputs = keras.Input((6,), name="x")
        return compiled(inputs, layers.Dense(3, name="out")(Standardized(name=name)(inputs)))

    checkpoint, feeds = saved(tmp_path, program), {"x": ROWS, "y": CLASSES}
    assert judged(lambda: port("right"), checkpoint, feeds).passed
    with pytest.raises(ValueError, match="must be the predictions in evaluation"):
        judged(lambda: port("wrong"), checkpoint, feeds)
    named = judged(lambda: port("wrong"), checkpoint, feeds, outputs=["predictions"])
    assert named.exit_status == 1 and named.first_failure["stage"] == "forward"


def test_the_state_of_an_optimizer_with_one_scalar_variable_is_taken_over(tmp_path):
    def program():  # each slot is one number, whose entries do not tell whether it was changed
        x = v1.placeholder(tf.float32, [None], "x")
        with v1.variable_scope("scale"):
            kernel = v1.get_variable("kernel", [1, 1], initializer=v1.ones_initializer())
        y = tf.squeeze(tf.matmul(tf.expand_dims(x, 1), kernel), 1, name="predictions")
        loss = tf.reduce_mean(tf.square(y - v1.placeholder(tf.float32, [None], "y")))
        return v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss)

    feeds = {"x": ROWS[:, 0], "y": ROWS[:, 1]}
    prefix = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), v1.Session() as session:
        step = program()
        session.run(v1.global_variables_initializer())
        session.run(step, {"x:0": feeds["x"], "y:0": feeds["y"]})
        v1.train.Saver().save(session, prefix)

    def port(optimizer):
        inputs = keras.Input((1,), name="x")
        model = keras.Model(inputs, layers.Dense(1, use_bias=False, name="scale")(inputs))
        model.compile(optimizer, "mse")
        return model

    for optimizer in (tf_recipes.Momentum, keras.optimizers.SGD):
        report = judged(lambda kind=optimizer: port(kind(0.1, momentum=0.9)), prefix, feeds)
        assert report.passed, str(report)


@pytest.fixture(params=["of TF 1.15", "of functions"])
def control_flow(request):
    """Loops as TF 1.15 writes them, and as functions."""
    if request.param == "of TF 1.15":
        v1.disable_control_flow_v2()
    yield
    v1.enable_control_flow_v2()


def test_what_is_drawn_in_a_loop_may_have_no_influence(tmp_path, control_flow):
    def program():
        x, y = placeholders(6)
        keep = v1.placeholder_with_default(1.0, [], "keep")

        def body(k, z):
            kept = tf.floor(keep + v1.random_uniform([6]))  # a constant shape, without an input
            return k + 1, z * kept / keep

        _, dropped = v1.while_loop(lambda k, z: k < 2, body, (0, x))
        minimize(dense(dropped, 3, "out"), y)

    checkpoint, feeds = saved(tmp_path, program), {"x": ROWS, "y": CLASSES}
    assert judged(mlp, checkpoint, feeds).passed
    with pytest.raises(ValueError, match=r"Each random number of a step must be readable\. .*loop"):
        judged(mlp, checkpoint, feeds, feed={"keep": 0.5})


def test_dropout_in_a_branch_that_some_steps_take(tmp_path):
    v1.disable_control_flow_v2()

    def program():
        x, y = placeholders(6)
        often = v1.random_uniform([]) < v1.placeholder_with_default(0.0, [], "often")
        net = v1.cond(often, lambda: v1.nn.dropout(x, rate=0.5), lambda: x)
        minimize(dense(net, 3, "out"), y)

    try:
        checkpoint, feeds = saved(tmp_path, program), {"x": ROWS, "y": CLASSES}
    finally:
        v1.enable_control_flow_v2()
    assert judged(mlp, checkpoint, feeds).passed

    def port():
        inputs = keras.Input((6,), name="x")
        net = layers.Dense(3, name="out")(layers.Dropout(0.5)(inputs))
        return compiled(inputs, net)

    assert judged(port, checkpoint, feeds, feed={"often": 1.0}).passed
    with pytest.raises(ValueError, match=r"Each step must draw the same masks\. .*tf\.cond"):
        verify(port, checkpoint, feeds, feed={"often": 0.5}, steps=12, batch_size=8, cache=False)
