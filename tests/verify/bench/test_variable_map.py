import keras
import numpy as np
import tensorflow as tf

from tf1_program import descend, entropy, placeholders, saved, variable
from tf_recipes.verify import verify


def test_a_kernel_may_have_axes_of_one_entry_more(tmp_path):
    """Text CNNs of TF1 convolve words in two dimensions, of which Keras needs one."""
    random = np.random.RandomState(0)
    feeds = {"x": random.rand(24, 6, 5).astype("f4"), "y": random.randint(0, 3, 24)}

    def program():
        x, y = placeholders(6, 5)
        net = tf.nn.conv2d(x[..., None], variable("filter", [2, 5, 1, 3]), 1, "VALID")
        descend(entropy(tf.reduce_max(net, [1, 2]), y))

    def port():
        inputs = keras.Input((6, 5), name="x")
        net = keras.layers.Conv1D(3, 2, use_bias=False)(inputs)
        model = keras.Model(inputs, keras.layers.GlobalMaxPooling1D()(net))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    report = verify(port, saved(tmp_path, program), feeds, steps=2, batch_size=8, cache=False)
    assert report.passed, str(report)
    assert report.document["map"][0]["shape"] == [2, 5, 1, 3]


def test_kernels_of_one_shape_are_told_by_their_biases(tmp_path):
    """A decoder and an encoder may have kernels of one shape, but not biases, in a GAN, say."""
    random = np.random.RandomState(0)
    feeds = {"x": random.rand(24, 4, 4, 1).astype("f4"), "y": random.randint(0, 3, 24)}

    def program():
        x, y = placeholders(4, 4, 1)
        net = tf.nn.conv2d(x, variable("one/kernel", [3, 3, 1, 3]), 1, "SAME")
        net = tf.nn.bias_add(net, variable("one/bias", [3]))
        rows = tf.shape(x)[0]
        net = tf.nn.conv2d_transpose(
            net, variable("two/kernel", [3, 3, 1, 3]), tf.stack([rows, 4, 4, 1]), 1, "SAME"
        )
        net = tf.reshape(tf.nn.bias_add(net, variable("two/bias", [1])), [-1, 16])
        descend(entropy(tf.matmul(net, variable("out/kernel", [16, 3])), y))

    class Port(keras.Model):
        def __init__(self):
            super().__init__()  # in another order than that of the calls, with other names
            self.up = keras.layers.Conv2DTranspose(1, 3, padding="same")
            self.down = keras.layers.Conv2D(3, 3, padding="same")
            self.last = keras.layers.Dense(3, use_bias=False)

        def call(self, x):
            return self.last(keras.ops.reshape(self.up(self.down(x)), (-1, 16)))

    def port():
        model = Port()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    report = verify(port, saved(tmp_path, program), feeds, steps=2, batch_size=8, cache=False)
    assert report.passed, str(report)


class Sum(keras.layers.Layer):
    """Multiplies the inputs by numbers of its own, in another order than the program has them."""

    def build(self, _):
        self.second = self.add_weight(shape=(), name="second")
        self.first = self.add_weight(shape=(), name="first")

    def call(self, x):
        return x * self.first + self.second


def test_names_tell_numbers_and_kernels_without_a_scope(tmp_path):
    random = np.random.RandomState(0)
    feeds = {n: random.rand(24, 3).astype("f4") for n in ("x", "z")}
    feeds["y"] = random.randint(0, 3, 24)

    def program():
        x, y = placeholders(3)
        z = tf.compat.v1.placeholder(tf.float32, [None, 3], "z")
        one, two = variable("w_one", [3, 3]), variable("w_two", [3, 3])
        net = tf.matmul(x, one) + 2 * tf.matmul(z, two)
        descend(entropy(net * variable("first", [], 1.5) + variable("second", [], 0.5), y))

    def port(factor):
        x, z = (keras.Input((3,), name=name) for name in ("x", "z"))
        two = keras.layers.Dense(3, use_bias=False, name="w_two")(z)
        one = keras.layers.Dense(3, use_bias=False, name="w_one")(x)
        model = keras.Model([x, z], Sum()(one + factor * two))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    checkpoint = saved(tmp_path, program)
    settings = {"steps": 2, "batch_size": 8, "cache": False}
    assert verify(lambda: port(2), checkpoint, feeds, **settings).passed
    # a wrong port is no riddle, either
    report = verify(lambda: port(3), checkpoint, feeds, **settings)
    assert report.first_failure["stage"] == "forward"
    how = {each["tf1"]: each["how"] for each in report.document["map"]}
    assert set(how.values()) == {"name"}


def test_the_directions_of_a_bidirectional_cell_are_told_by_names():
    from tf_recipes.graph.roles import BIAS, KERNEL, TF1Variable
    from tf_recipes.verify.bench import recurrent_cells

    theirs = []
    for way in ("bw", "fw"):  # in the order that a program may have
        scope = f"bidirectional_rnn/{way}/lstm_cell"
        theirs.append(TF1Variable(f"{scope}/kernel", (5, 12), KERNEL, 0, True, True))
        theirs.append(TF1Variable(f"{scope}/bias", (12,), BIAS, 0, True, True))
    inputs = keras.Input((4, 2))
    model = keras.Model(inputs, keras.layers.Bidirectional(keras.layers.LSTM(3))(inputs))
    found = list(recurrent_cells.find(theirs, model.weights, model, {}))
    assert [each.direction for each in found] == ["fw", "bw"]
    assert all(each.direction in each.tf1["kernel"].name for each in found)
    assert "forward" in found[0].layer and "backward" in found[1].layer


def test_a_batch_norm_is_told_by_the_name_of_its_kernel(tmp_path):
    """Slim puts `BatchNorm` into the scope of the layer; people call Keras' layer `a_bn`, say."""
    random = np.random.RandomState(0)
    feeds = {"x": random.rand(24, 3).astype("f4"), "y": random.randint(0, 3, 24)}

    def branch(x, name, gamma):
        net = tf.matmul(x, variable(f"{name}/weights", [3, 3]))
        scope = f"{name}/BatchNorm"
        beta, scale = variable(f"{scope}/beta", [3], 0.5), variable(f"{scope}/gamma", [3], gamma)
        averages = [
            variable(f"{scope}/{n}", [3], 1, trainable=False)
            for n in ("moving_mean", "moving_variance")
        ]
        return tf.nn.batch_normalization(net, *averages, beta, scale, 0.001)

    def program():
        x, y = placeholders(3)
        descend(entropy(branch(x, "a", 0.5) + 2 * branch(x, "b", 2), y))

    def port():
        x = keras.Input((3,), name="x")
        b, a = (keras.layers.Dense(3, use_bias=False, name=n)(x) for n in "ba")
        norms = (
            keras.layers.BatchNormalization(name="b_bn"),
            keras.layers.BatchNormalization(name="bn_a"),
        )
        model = keras.Model(x, norms[1](a) + 3 * norms[0](b))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    # a factor is wrong, so that no values tell
    report = verify(port, saved(tmp_path, program), feeds, steps=2, batch_size=8, cache=False)
    assert report.first_failure["stage"] == "forward"
    joined = {each["tf1"]: each["keras"] for each in report.document["map"]}
    assert joined["a/BatchNorm/gamma"] == "bn_a/gamma"
    assert joined["b/BatchNorm/moving_mean"] == "b_bn/moving_mean"
