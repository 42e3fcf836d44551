"""Ports with code of their own: subclassed models, several optimizers, a `compile` of their own."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf1_program import descend, entropy, placeholders, saved, v1, variable
from tf_recipes.verify import verify
from tf_recipes.verify.bench.keras_model import ModelSource

layers, ops = keras.layers, keras.ops
RANDOM = np.random.RandomState(0)
FEEDS = {"x": RANDOM.rand(24, 6).astype("f4"), "y": RANDOM.randint(0, 3, 24).astype("i4")}
SETTINGS = {"steps": 3, "batch_size": 8, "cache": False}
tensorflow_alone = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the train_step is TensorFlow's"
)


def program():
    """Two dense layers, the first without a bias, each with an optimizer of its own."""
    x, y = placeholders(6)
    with v1.variable_scope("hidden"):
        hidden = tf.tanh(tf.matmul(x, variable("kernel", [6, 4])))
    with v1.variable_scope("out"):
        logits = tf.matmul(hidden, variable("kernel", [4, 3])) + variable("bias", [3])
    loss = entropy(logits, y)
    first = v1.train.RMSPropOptimizer(0.01).minimize(
        loss, var_list=v1.trainable_variables("hidden")
    )
    second = v1.train.RMSPropOptimizer(0.1).minimize(loss, var_list=v1.trainable_variables("out"))
    return tf.group(first, second, name="both")


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The prefix of the program's checkpoint after two steps, in which the slots are filled."""
    prefix = str(tmp_path_factory.mktemp("begun") / "model.ckpt")
    with tf.Graph().as_default(), v1.Session() as session:
        both = program()
        session.run(v1.global_variables_initializer())
        for _ in range(2):
            session.run(both, {"x:0": FEEDS["x"], "y:0": FEEDS["y"]})
        v1.train.Saver().save(session, prefix)
    return prefix


class Net(keras.Model):
    """Has an optimizer for each layer, which its `compile` takes by names of its own."""

    def __init__(self, use_bias=False):
        super().__init__()
        self.hidden = layers.Dense(4, "tanh", use_bias=use_bias, name="hidden")
        self.out = layers.Dense(3, name="out")

    def call(self, x):
        return self.out(self.hidden(x))

    def compile(self, for_hidden, for_out, error):
        super().compile(optimizer=for_hidden)
        self.for_out, self.error = for_out, error

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = ops.mean(self.error(y, self(x, training=True)))
        weights = self.hidden.trainable_variables + self.out.trainable_variables
        gradients = tape.gradient(loss, weights)
        count = len(self.hidden.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients[:count], weights[:count], strict=True))
        self.for_out.apply_gradients(zip(gradients[count:], weights[count:], strict=True))
        return {"loss": loss}


def port(optimizer=tf_recipes.RMSProp, **arguments):
    def build():
        net = Net(**arguments)
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
        net.compile(optimizer(0.01), tf_recipes.RMSProp(0.1), entropy)
        return net

    return build


@tensorflow_alone
def test_each_weight_has_its_slots_in_the_optimizer_that_updates_it(begun):
    report = verify(port(), begun, FEEDS, train_op="both", **SETTINGS)
    assert report.passed, str(report)
    slots = {each["tf1"]: each["slots"] for each in report.document["map"]}
    assert all(len({each["tf1"] for each in found}) == len(found) > 0 for found in slots.values())
    judged = {each["tf1"] for each in report.document["training"]["variables"]}
    assert {"hidden/kernel/RMSProp", "out/kernel/RMSProp", "out/bias/RMSProp"} <= judged


@tensorflow_alone
def test_reasons_for_a_subclassed_model_with_a_compile_of_its_own(begun):
    report = verify(port(use_bias=True), begun, FEEDS, train_op="both", **SETTINGS)
    (reason,) = report.reasons
    assert (report.first_failure["stage"], reason["name"]) == ("map", "dropped_bias")
    assert reason["file"] == Path(__file__).name and reason["ratio_after"] <= 10
    report = verify(port(keras.optimizers.Adam), begun, FEEDS, train_op="both", **SETTINGS)
    assert not report.passed
    assert report.reasons[0]["name"] == "optimizer" and report.reasons[0]["ratio_after"] <= 10


def one_optimizer(loss=None):
    x = keras.Input((6,), name="x")
    net = layers.Dense(4, "tanh", use_bias=False, name="hidden")(x)
    model = keras.Model(x, layers.Dense(3, name="out")(net))
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf_recipes.RMSProp(0.1), loss or entropy)
    return model


def test_a_model_that_was_trained_before_starts_where_tf1_does(tmp_path):
    prefix = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), v1.Session() as session:
        x, y = placeholders(6)
        with v1.variable_scope("hidden"):
            hidden = tf.tanh(tf.matmul(x, variable("kernel", [6, 4])))
        with v1.variable_scope("out"):
            logits = tf.matmul(hidden, variable("kernel", [4, 3])) + variable("bias", [3])
        v1.train.RMSPropOptimizer(0.1).minimize(entropy(logits, y))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, prefix)
    model = one_optimizer()
    model.fit(FEEDS["x"], FEEDS["y"], epochs=2, verbose=0)
    model.save(tmp_path / "trained.keras")
    report = verify(tmp_path / "trained.keras", prefix, FEEDS, **SETTINGS)
    assert report.passed, str(report)


def test_two_outputs_in_a_dict_and_a_scalar_and_a_counter_of_another_name(tmp_path):
    """The group around the update, which no collection names, is the step."""

    def program():
        x, y = placeholders(6)
        with v1.variable_scope("first"):
            a = tf.matmul(x, variable("kernel", [6, 3])) * variable("slope", [], 0.5)
        with v1.variable_scope("second"):
            b = tf.matmul(x, variable("kernel", [6, 4]))
        loss = entropy(a, y) + 0.25 * entropy(b, v1.placeholder(tf.int32, [None], "z"))
        count = v1.get_variable("count", initializer=4, trainable=False)
        rate = v1.train.exponential_decay(0.1, count, 2, 0.5, staircase=True)
        update = v1.train.GradientDescentOptimizer(rate).minimize(loss, global_step=count)
        seen = variable("seen", [], 0.0, trainable=False)
        return tf.group(update, v1.assign_add(seen, 24.0), name="whole")

    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=(), name="scale")

        def call(self, inputs):
            return inputs * self.scale

    def port(weights):
        def build():
            x = keras.Input((6,), name="x")
            a = Scale()(layers.Dense(3, use_bias=False, name="first")(x))
            b = layers.Dense(4, use_bias=False, name="second")(x)
            model = keras.Model(x, {"z": b, "y": a})
            decay = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5, staircase=True)
            error = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            both = {"z": error, "y": error}
            model.compile(keras.optimizers.SGD(decay), both, loss_weights=weights)
            return model

        return build

    prefix = str(tmp_path / "model.ckpt")
    feeds = {**FEEDS, "z": RANDOM.randint(0, 4, 24).astype("i4")}
    with tf.Graph().as_default(), v1.Session() as session:
        step = program()
        session.run(v1.global_variables_initializer())
        session.run(step, {f"{name}:0": value for name, value in feeds.items()})
        v1.train.Saver().save(session, prefix)
    report = verify(port({"z": 0.25, "y": 1.0}), prefix, feeds, **SETTINGS)
    assert report.passed, str(report)
    assert report.document["reference"]["train_op"] == "whole"
    report = verify(port(None), prefix, feeds, **SETTINGS)
    (reason,) = report.reasons
    assert reason["code"] == "loss_weights={'y': 1.0, 'z': 0.25}", reason


def test_logits_in_a_row_for_each_step_of_a_sequence(tmp_path):
    def program():
        x = v1.placeholder(tf.float32, [None, 2, 3], "x")
        y = v1.placeholder(tf.int32, [None, 2], "y")
        with v1.variable_scope("out"):
            logits = tf.matmul(tf.reshape(x, [-1, 3]), variable("kernel", [3, 4]))
        return v1.train.GradientDescentOptimizer(0.1).minimize(entropy(logits, tf.reshape(y, [-1])))

    feeds = {
        "x": FEEDS["x"].reshape(-1, 2, 3),
        "y": RANDOM.randint(0, 4, (24, 2)).astype("i4"),
    }
    prefix = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), v1.Session() as session:
        program()
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, prefix)

    def build():
        x = keras.Input((2, 3), name="x")
        model = keras.Model(x, layers.Dense(4, use_bias=False, name="out")(x))
        error = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), error)
        return model

    report = verify(build, prefix, feeds, **SETTINGS)
    assert report.passed, str(report)


@tensorflow_alone
def test_an_optimizer_around_another_starts_anew():
    """The rate belongs to the inner optimizer, and its schedule may not be made by its name."""

    class Halved(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5

        def get_config(self):
            return {}

    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    inner = tf_recipes.Adam(learning_rate=Halved())
    model.compile(tf_recipes.ExponentialMovingAverage(inner, 0.9), "mse")
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    assert int(model.optimizer.iterations) == 1
    made = ModelSource(lambda: model).make()
    assert int(made.optimizer.iterations) == int(made.optimizer.updates) == 0


def test_a_factor_that_fits_one_step_alone_is_no_reason(tmp_path):
    """The losses of TF1 and of the port have another factor in each step: their errors differ."""

    def program():
        x, y = placeholders(6)
        with v1.variable_scope("out"):
            logits = tf.matmul(x, variable("kernel", [6, 3]))
        descend(tf.reduce_mean(tf.abs(logits - tf.one_hot(y, 3)) ** 2.2))

    def port():
        x = keras.Input((6,), name="x")
        model = keras.Model(x, layers.Dense(3, use_bias=False, name="out")(x))
        model.compile(
            keras.optimizers.SGD(0.1), lambda y, z: 10 * ops.mean((z - ops.one_hot(y, 3)) ** 2)
        )
        return model

    report = verify(port, saved(tmp_path, program), FEEDS, **SETTINGS)
    assert report.exit_status == 1 and report.reasons == [], report.reasons
