"""Programs of TF1 with each optimizer, schedule and clipping."""

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(7)
X = RNG.randn(12, 5).astype("float32")
NUMBERS = RNG.randint(0, 3, 12)
TARGETS = RNG.randn(12, 2).astype("float32")


def _net(units, activation=tf.nn.tanh):
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    hidden = tf.layers.dense(x, 4, activation=activation, name="hidden")
    return tf.layers.dense(hidden, units, name="out")


def _regression(optimizer, step=None):
    """Returns a program with two targets; `optimizer(step)` makes the optimizer."""
    outputs = _net(2)
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    loss = tf.reduce_mean(tf.square(outputs - y), name="loss")
    step = tf.train.get_or_create_global_step()
    optimizer(step).minimize(loss, global_step=step)
    return {
        "rows": {"x:0": X, "y:0": TARGETS},
        "outputs": ["out/BiasAdd:0"],
        "loss": "loss:0",
    }


def adadelta():
    """Adadelta under natural exponential decay in whole periods."""

    def optimizer(step):
        rate = tf.train.natural_exp_decay(1.5, step, 2, 0.25, staircase=True)
        return tf.train.AdadeltaOptimizer(rate, rho=0.9, epsilon=1e-6)

    return _regression(optimizer)


def ftrl():
    """FTRL under inverse time decay."""

    def optimizer(step):
        rate = tf.train.inverse_time_decay(0.2, step, 3, 0.5)
        return tf.train.FtrlOptimizer(
            rate, l1_regularization_strength=0.01, l2_regularization_strength=0.02
        )

    return _regression(optimizer)


def ftrl_shrinkage():
    """FTRL with all of its numbers."""

    def optimizer(_):
        return tf.train.FtrlOptimizer(
            0.1,
            learning_rate_power=-0.7,
            initial_accumulator_value=0.3,
            l2_shrinkage_regularization_strength=0.05,
        )

    return _regression(optimizer)


def nesterov_cosine():
    """Nesterov's momentum under cosine decay."""

    def optimizer(step):
        rate = tf.train.cosine_decay(0.1, step, 20, alpha=0.1)
        return tf.train.MomentumOptimizer(rate, 0.7, use_nesterov=True)

    return _regression(optimizer)


def warm_up():
    """Adam under a rate that first rises, as in many programs by hand."""

    def optimizer(step):
        count = tf.cast(step, tf.float32)
        decayed = tf.train.polynomial_decay(0.05, step, 30, 0.0)
        risen = 0.05 * count / 5.0
        warm = tf.cast(count < 5.0, tf.float32)
        return tf.train.AdamOptimizer((1.0 - warm) * decayed + warm * risen, beta2=0.99)

    return _regression(optimizer)


def transformer_rate():
    """Adam under the rate of the transformer."""

    def optimizer(step):
        count = tf.cast(step + 1, tf.float32)
        rate = 8**-0.5 * tf.minimum(count**-0.5, count * 4.0**-1.5)
        return tf.train.AdamOptimizer(0.1 * rate, beta1=0.9, beta2=0.98, epsilon=1e-9)

    return _regression(optimizer)


def fed_rate():
    """Centered RMSProp with a rate that is fed, on resource variables."""
    rate = tf.placeholder(tf.float32, [], name="rate")
    with tf.variable_scope(tf.get_variable_scope(), use_resource=True):
        made = _regression(
            lambda _: tf.train.RMSPropOptimizer(rate, momentum=0.2, centered=True, epsilon=1e-4)
        )
    return dict(made, feed={"rate:0": 0.01})


def piecewise_clipped():
    """Momentum under a piecewise constant rate, with clipped gradients of some variables."""
    outputs = _net(3)
    y = tf.placeholder(tf.int32, [None], name="y")
    loss = tf.losses.sparse_softmax_cross_entropy(y, outputs)
    step = tf.Variable(0, trainable=False, name="counter")
    rate = tf.train.piecewise_constant(step, [2, 5], [0.2, 0.1, 0.02])
    optimizer = tf.train.MomentumOptimizer(rate, 0.5)
    pairs = optimizer.compute_gradients(loss, tf.trainable_variables("out"))
    pairs = [(tf.clip_by_average_norm(g, 1e9), v) for g, v in pairs]  # changes nothing
    optimizer.apply_gradients(pairs, global_step=step)
    return {
        "rows": {"x:0": X, "y:0": NUMBERS},
        "outputs": ["out/BiasAdd:0"],
        "loss": loss.name,
    }


def recurrent_with_averages():
    """An LSTM on embedded words under Adam with clipped gradients, and averages of the weights."""
    words = tf.placeholder(tf.int32, [None, 4], name="words")
    y = tf.placeholder(tf.int32, [None], name="y")
    table = tf.get_variable("table", [6, 3])
    cell = tf.nn.rnn_cell.LSTMCell(2, name="cell")
    _, state = tf.nn.dynamic_rnn(cell, tf.nn.embedding_lookup(table, words), dtype=tf.float32)
    outputs = tf.layers.dense(state.h, 3, name="out")
    loss = tf.losses.sparse_softmax_cross_entropy(y, outputs)
    optimizer = tf.train.AdamOptimizer(0.05)
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 0.3)
    update = optimizer.apply_gradients(zip(gradients, variables))
    with tf.control_dependencies([update]):
        step = tf.train.ExponentialMovingAverage(0.8).apply(variables)
    tf.add_to_collection("train_op", step)
    return {
        "rows": {"words:0": RNG.randint(0, 6, (12, 4)), "y:0": NUMBERS},
        "outputs": ["out/BiasAdd:0"],
        "loss": loss.name,
    }


CASES = {
    "recurrent_with_averages": recurrent_with_averages,
    "adadelta": adadelta,
    "ftrl": ftrl,
    "ftrl_shrinkage": ftrl_shrinkage,
    "nesterov_cosine": nesterov_cosine,
    "warm_up": warm_up,
    "transformer_rate": transformer_rate,
    "fed_rate": fed_rate,
    "piecewise_clipped": piecewise_clipped,
}
