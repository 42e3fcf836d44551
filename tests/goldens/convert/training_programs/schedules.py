"""Programs of TF1 with rarer schedules, and with the training operations of contrib and slim."""

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(11)
X = RNG.randn(12, 5).astype("float32")
TARGETS = RNG.randn(12, 2).astype("float32")


def _loss():
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    hidden = tf.layers.dense(x, 4, tf.nn.tanh, name="hidden")
    out = tf.layers.dense(hidden, 2, name="out")
    return tf.losses.mean_squared_error(y, out)


def _program(loss):
    return {"rows": {"x:0": X, "y:0": TARGETS}, "outputs": ["out/BiasAdd:0"], "loss": loss.name}


def restarts():
    """Adagrad under a cosine decay that begins again."""
    loss, step = _loss(), tf.train.get_or_create_global_step()
    rate = tf.train.cosine_decay_restarts(0.2, step, 3, t_mul=1.5, m_mul=0.8, alpha=0.1)
    tf.train.AdagradOptimizer(rate).minimize(loss, global_step=step)
    return _program(loss)


def linear_cosine():
    """Gradient descent under linear cosine decay."""
    loss, step = _loss(), tf.train.get_or_create_global_step()
    rate = tf.train.linear_cosine_decay(0.2, step, 20)
    tf.train.GradientDescentOptimizer(rate).minimize(loss, global_step=step)
    return _program(loss)


def slim_cycles():
    """The training operation of slim, with clipped gradients, and a polynomial rate in cycles."""
    loss, step = _loss(), tf.train.get_or_create_global_step()
    rate = tf.train.polynomial_decay(0.2, step, 3, 0.05, power=2.0, cycle=True)
    slim = tf.contrib.slim
    optimizer = tf.train.MomentumOptimizer(rate, 0.9)
    slim.learning.create_train_op(loss, optimizer, global_step=step, clip_gradient_norm=0.3)
    return _program(loss)


def optimized_loss():
    """`optimize_loss` of contrib, with clipped gradients and an exponential decay."""
    loss, step = _loss(), tf.train.get_or_create_global_step()
    operation = tf.contrib.layers.optimize_loss(
        loss,
        step,
        0.1,
        "Adam",
        clip_gradients=0.2,
        learning_rate_decay_fn=lambda rate, n: tf.train.exponential_decay(rate, n, 2, 0.9, True),
    )
    made = _program(loss)
    made["step"] = operation.op.name
    return made


CASES = {
    "restarts": restarts,
    "linear_cosine": linear_cosine,
    "slim_cycles": slim_cycles,
    "optimized_loss": optimized_loss,
}
