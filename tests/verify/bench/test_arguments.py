"""Which fed tensor is an input, a label or the samples' weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf1_program import descend, saved
from tf_recipes.verify import verify

v1 = tf.compat.v1
RANDOM = np.random.RandomState(0)
ROWS = RANDOM.rand(24, 6).astype("f4")


def logits(x, name, partitioner=None):
    random = v1.random_uniform_initializer(-0.5, 0.5, seed=ord(name[0]))
    with v1.variable_scope(name, partitioner=partitioner):
        return tf.matmul(x, v1.get_variable("kernel", [6, 3], initializer=random))


def rows():
    return v1.placeholder(tf.float32, [None, 6], "x")


def port(names, loss, activation=None):
    def build():
        inputs = keras.Input((6,), name="x")
        dense = [keras.layers.Dense(3, activation, use_bias=False, name=each) for each in names]
        outputs = [each(inputs) for each in dense]
        model = keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
        model.compile(tf_recipes.GradientDescent(0.1), loss)
        return model

    return build


def judged(model, checkpoint, feeds, **settings):
    return verify(model, checkpoint, feeds, steps=2, batch_size=8, cache=False, **settings)


def test_probabilities_take_the_labels_of_their_logits(tmp_path):
    labels = {"one": RANDOM.randint(0, 3, 24), "two": RANDOM.randint(0, 3, 24)}

    def program():
        x = rows()
        second, first = (v1.placeholder(tf.int64, [None], name) for name in ("one", "two"))
        a, b = logits(x, "a"), logits(x, "b")
        for each in (a, b):
            tf.nn.softmax(each)
        entropy = v1.losses.sparse_softmax_cross_entropy
        descend(entropy(first, a) + entropy(second, b))

    checkpoint = saved(tmp_path, program)
    entropy = keras.losses.SparseCategoricalCrossentropy()
    report = judged(port("ab", [entropy, entropy], "softmax"), checkpoint, {"x": ROWS, **labels})
    assert report.passed, str(report)


def test_labels_that_nothing_tells_apart_must_be_named(tmp_path, fails):
    labels = {n: RANDOM.rand(24, 3).astype("f4") for n in ("one", "two")}

    def program():
        x = rows()
        one, two = (v1.placeholder(tf.float32, [None, 3], name) for name in ("one", "two"))
        both = tf.stack([logits(x, "a"), logits(x, "b")]) - tf.stack([two, one])
        descend(2 * tf.reduce_mean(tf.square(both)))

    checkpoint, feeds = saved(tmp_path, program), {"x": ROWS, **labels}
    model = port("ab", ["mse", "mse"])
    with fails("which output of the model takes which label", "'one:0', 'two:0'", "labels=[...]"):
        judged(model, checkpoint, feeds)
    assert judged(model, checkpoint, feeds, labels=["two", "one"]).passed
    assert not judged(model, checkpoint, feeds, labels=["one", "two"]).passed


ENTROPY = keras.losses.SparseCategoricalCrossentropy


@pytest.mark.parametrize(
    ("reduction", "right", "says"),
    [
        # TF 1.15's reduction, and Keras' of the same meaning
        ("weighted_mean", "mean_with_sample_weight", "the sum of the samples' weights"),
        ("weighted_sum_over_batch_size", "sum_over_batch_size", "the number of the rows"),
        ("weighted_sum", "sum", "1: TF1 adds the losses of the rows"),
        ("weighted_sum_by_nonzero_weights", None, "the weights that are not 0"),
    ],
)
def test_weights_of_samples_are_found_and_their_reduction_is_named(
    tmp_path, reduction, right, says
):
    def program():
        x = rows()
        y, w = v1.placeholder(tf.int64, [None], "y"), v1.placeholder(tf.float32, [None], "w")
        loss = v1.losses.sparse_softmax_cross_entropy(
            y, logits(x, "a"), weights=w, reduction=reduction
        )
        descend(loss)

    weights = np.resize([0, 2, 1, 4], 24).astype("f4")
    feeds = {"x": ROWS, "y": RANDOM.randint(0, 3, 24), "w": weights}
    checkpoint = saved(tmp_path, program)
    if right is not None:
        report = judged(port("a", ENTROPY(from_logits=True, reduction=right)), checkpoint, feeds)
        assert report.passed, str(report)
    wrong = "sum" if right != "sum" else "sum_over_batch_size"
    report = judged(port("a", ENTROPY(from_logits=True, reduction=wrong)), checkpoint, feeds)
    assert report.exit_status == 1
    assert [each["name"] for each in report.reasons] == ["loss_reduction"]
    assert says in report.reasons[0]["text"]


def test_a_second_label_of_one_loss_must_be_named(tmp_path, fails):
    def program():
        x = rows()
        y, other = (v1.placeholder(tf.float32, [None, 3], name) for name in ("y", "other"))
        descend(tf.reduce_mean(tf.square(logits(x, "a") - y - other)))

    targets = RANDOM.rand(24, 3).astype("f4")
    feeds = {"x": ROWS, "y": targets, "other": targets}
    with fails("takes one label", "'y:0', 'other:0'", "sample_weight=NAME"):
        judged(port("a", "mse"), saved(tmp_path, program), feeds)


def test_variables_in_parts_are_refused(tmp_path, fails):
    def program():
        x = rows()
        y = v1.placeholder(tf.int64, [None], "y")
        net = logits(x, "a", partitioner=v1.fixed_size_partitioner(2))
        descend(v1.losses.sparse_softmax_cross_entropy(y, net))

    feeds = {"x": ROWS, "y": RANDOM.randint(0, 3, 24)}
    with fails("in one piece", "'a/kernel' in 2 parts", "without its partitioner"):
        judged(port("a", ENTROPY(from_logits=True)), saved(tmp_path, program), feeds)


def test_a_label_may_be_an_input_as_well(tmp_path):
    """So a person names the labels of an autoencoder; the predictions depend on them."""

    def program():
        x = rows()
        random = v1.random_uniform_initializer(-0.5, 0.5, seed=3)
        out = tf.matmul(x, v1.get_variable("out/kernel", [6, 6], initializer=random))
        descend(v1.losses.mean_squared_error(x, out))

    def build():
        inputs = keras.Input((6,), name="x")
        model = keras.Model(inputs, keras.layers.Dense(6, use_bias=False, name="out")(inputs))
        model.compile(tf_recipes.GradientDescent(0.1), "mse")
        return model

    checkpoint = saved(tmp_path, program)
    report = judged(build, checkpoint, {"x": ROWS}, inputs=["x"], labels=["x"])
    assert report.passed, str(report)


def with_a_scale():
    """Makes the program whose loss has a trained scale."""
    x, z = rows(), v1.placeholder(tf.float32, [None, 6], "z")
    y = v1.placeholder(tf.float32, [None, 3], "target")
    scale = v1.get_variable("scale", [], initializer=v1.constant_initializer(0.5))
    error = logits(x, "a") + 2 * logits(z, "b") - y
    descend(scale * tf.reduce_mean(tf.square(error)) + scale)


class ByKey(keras.Model):
    """Takes a dict, as a subclass may, and computes its loss with a weight of its own."""

    def __init__(self):
        super().__init__()
        self.a, self.b = (keras.layers.Dense(3, use_bias=False, name=n) for n in "ab")
        self.scale = self.add_weight(shape=(), name="scale")

    def call(self, x):
        return self.a(x["x"]) + 2 * self.b(x["z"])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.scale * keras.ops.mean((y_pred - y) ** 2) + self.scale


def test_a_subclass_may_take_a_dict_and_weigh_its_loss(tmp_path):
    feeds = {n: RANDOM.rand(24, 6).astype("f4") for n in ("x", "z")}

    def build():
        model = ByKey()
        model.compile(tf_recipes.GradientDescent(0.1))
        return model

    feeds["target"] = RANDOM.rand(24, 3).astype("f4")
    report = judged(build, saved(tmp_path, with_a_scale), feeds)
    assert report.passed, str(report)
    assert report.document["reference"]["labels"] == ["target:0"]


def test_a_step_reads_each_variable_before_its_update(tmp_path):
    """Keras joins all gradients; TensorFlow's dependency optimizer then lets reads come late.

    About 1 of 100 trainings of this model computed its loss with the scale after the update.
    """

    def options():
        return tf.config.optimizer.get_experimental_options().get("dependency_optimization", True)

    seen = []

    class Watched(ByKey):
        def train_step(self, data):
            seen.append(options())
            return super().train_step(data)

    def build():
        model = Watched()
        model.compile(keras.optimizers.SGD(0.1))
        return model

    feeds = {"x": ROWS, "z": ROWS[::-1], "target": ROWS[:, :3]}
    assert options()
    assert judged(build, saved(tmp_path, with_a_scale), feeds).passed
    assert seen and not any(seen)
    assert options()
