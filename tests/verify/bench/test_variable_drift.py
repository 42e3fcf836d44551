import keras
import numpy as np
import tensorflow as tf

from tf_recipes.verify import verify
from tf_recipes.verify.bench.variable_drift import VariableDrift

v1 = tf.compat.v1


def test_the_forget_gate_is_measured_with_the_number_added():
    drift = VariableDrift({"lstm/bias": 1.0})
    ours = np.array([1e-3, 1e-3, 1e-3, 1e-3])
    for place in (0, 1, 3):  # these are compared as they are: 1e-6 in 1e-3
        theirs = ours.copy()
        theirs[place] += 1e-6
        assert np.isclose(drift("lstm/bias", theirs, ours), 1e-3)
    theirs = ours + np.array([0, 0, 1e-6, 0])  # 1e-6 in 1.001
    assert np.isclose(drift("lstm/bias", theirs, ours), 1e-6 / 1.001)
    assert np.isclose(drift("dense/bias", theirs, ours), 1e-3)
    assert np.isnan(drift("lstm/bias", ours * [1, 1, 1, np.nan], ours))


def test_a_bias_that_holds_the_forget_gates_1_matches(tmp_path):
    random = np.random.RandomState(0)
    feeds = {"x": random.randn(32, 4, 3).astype("f4"), "y": random.randint(0, 3, 32)}

    def cell(state, memory, inputs, weights):
        """BasicLSTMCell of TF 1.15, with its order of the gates."""
        gates = tf.matmul(tf.concat([inputs, state], 1), weights["kernel"])
        i, j, f, o = tf.split(v1.nn.bias_add(gates, weights["bias"]), 4, 1)
        memory = memory * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        return tf.tanh(memory) * tf.sigmoid(o), memory

    prefix = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 4, 3], "x")
        y = v1.placeholder(tf.int64, [None], "y")
        uniform = v1.random_uniform_initializer(-0.5, 0.5, seed=1)
        with v1.variable_scope("rnn/basic_lstm_cell"):
            weights = {
                "kernel": v1.get_variable("kernel", [8, 20], initializer=uniform),
                "bias": v1.get_variable("bias", [20], initializer=v1.zeros_initializer()),
            }
        state = memory = tf.zeros([tf.shape(x)[0], 5])
        for k in range(4):
            state, memory = cell(state, memory, x[:, k], weights)
        with v1.variable_scope("out"):
            logits = tf.matmul(state, v1.get_variable("kernel", [5, 3], initializer=uniform))
        loss = v1.losses.sparse_softmax_cross_entropy(y, logits)
        v1.train.GradientDescentOptimizer(0.01).minimize(loss)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, prefix)

    def port(rate):
        inputs = keras.Input((4, 3), name="x")
        states = keras.layers.LSTM(5)(inputs)
        model = keras.Model(inputs, keras.layers.Dense(3, use_bias=False, name="out")(states))
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(rate), entropy)
        return model

    # Keras' bias has 1 in the forget gate, and loses 6e-8 of each update, which is near 1e-4
    report = verify(lambda: port(0.01), prefix, feeds, steps=6, cache=False, explain=False)
    assert report.passed, str(report)
    report = verify(lambda: port(0.0101), prefix, feeds, steps=6, cache=False, explain=False)
    rows = {each["tf1"]: each for each in report.document["training"]["variables"]}
    assert not rows["rnn/basic_lstm_cell/bias"]["passed"]
