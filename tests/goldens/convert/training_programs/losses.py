"""Programs of TF1 with many losses and penalties."""

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(8)
X = RNG.randn(12, 5).astype("float32")
NUMBERS = RNG.randint(0, 3, 12)
ONE_HOT = np.eye(3, dtype="float32")[NUMBERS]
TARGETS = RNG.randn(12, 2).astype("float32")
BINARY = RNG.randint(0, 2, (12, 2)).astype("float32")


def _net(units, **named):
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    hidden = tf.layers.dense(x, 4, activation=tf.nn.tanh, name="hidden", **named)
    return tf.layers.dense(hidden, units, name="out", **named)


def _trained(loss, y, output="out/BiasAdd:0"):
    """Returns the program that minimizes a loss by gradient descent."""
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    return {"rows": {"x:0": X, "y:0": y}, "outputs": [output], "loss": loss.name}


def elastic():
    """Sigmoid cross entropy, summed over the labels, with L1 and L2 of contrib on the kernels."""
    net = _net(2, kernel_regularizer=tf.contrib.layers.l1_l2_regularizer(0.003, 0.02))
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=net)
    loss = tf.reduce_mean(tf.reduce_sum(entropy, axis=1))
    return _trained(loss + tf.losses.get_regularization_loss(), BINARY)


def numbers_as_one_hot():
    """Softmax cross entropy of labels that the graph makes one-hot, with label smoothing."""
    net = _net(3)
    y = tf.placeholder(tf.uint8, [None], name="y")
    loss = tf.losses.softmax_cross_entropy(tf.one_hot(y, 3), net, label_smoothing=0.1)
    return _trained(loss, NUMBERS.astype("uint8"))


def smoothed():
    """Softmax cross entropy with label smoothing of one-hot labels."""
    net = _net(3)
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    return _trained(tf.losses.softmax_cross_entropy(y, net, label_smoothing=0.1), ONE_HOT)


def log_of_shares():
    """Cross entropy by hand, of a softmax, with the mean of all squares of the weights."""
    net = tf.nn.softmax(_net(3), name="shares")
    y = tf.placeholder(tf.float32, [None, 3], name="y")
    entropy = -tf.reduce_sum(y * tf.log(net + 1e-10), reduction_indices=[1])
    penalty = tf.add_n([tf.reduce_mean(tf.square(v)) for v in tf.trainable_variables()])
    return _trained(tf.reduce_mean(entropy) + 0.01 * penalty, ONE_HOT, "shares:0")


def huber():
    """A Huber loss with a bound of its own."""
    net = _net(2)
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    return _trained(tf.losses.huber_loss(y, net, delta=0.4), TARGETS)


def half_of_squares():
    """The sum of squares by `l2_loss`, and an L2 penalty with a factor around both."""
    net = _net(2)
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    weights = tf.trainable_variables()[0]
    return _trained(0.2 * (tf.nn.l2_loss(net - y) + 0.05 * tf.nn.l2_loss(weights)), TARGETS)


def absolute_weighted():
    """The mean of absolute differences, halved."""
    net = _net(2)
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    return _trained(tf.losses.absolute_difference(y, net, weights=0.5), TARGETS)


def row_weights():
    """Softmax cross entropy with a weight for each row."""
    net = _net(3)
    y = tf.placeholder(tf.int64, [None], name="y")
    weight = tf.placeholder(tf.float32, [None], name="weight")
    loss = tf.losses.sparse_softmax_cross_entropy(
        y, net, weights=weight, reduction=tf.losses.Reduction.SUM_OVER_BATCH_SIZE
    )
    made = _trained(loss, NUMBERS)
    made["rows"]["weight:0"] = RNG.rand(12).astype("float32")
    return made


def log_loss():
    """The log loss of sigmoids, on labels without a second axis."""
    net = tf.nn.sigmoid(_net(1)[:, 0], name="share")
    y = tf.placeholder(tf.float32, [None], name="y")
    return _trained(tf.losses.log_loss(y, net), BINARY[:, 0], "share:0")


def weighted_classes():
    """Softmax cross entropy with a weight for each class, by the mean of an old `tf.losses`."""
    net = _net(3)
    y = tf.placeholder(tf.int32, [None], name="y")
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=net)
    weighted = entropy * tf.gather(tf.constant([1.0, 2.0, 0.5]), y)
    count = tf.reduce_sum(tf.ones_like(weighted))
    safe = tf.where(tf.equal(count, 0), tf.ones_like(count), count)
    mean = tf.div(tf.reduce_sum(weighted), safe)
    return _trained(tf.where(count > 0, mean, tf.zeros_like(count)), NUMBERS.astype("int32"))


def stopped():
    """A difference from the output itself, of which the gradient is stopped."""
    net = _net(2)
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    goal = y + 0.5 * tf.stop_gradient(net)
    return _trained(tf.losses.mean_squared_error(goal, net), TARGETS)


def wrong_broadcast():
    """A difference of (n, 1) and (n,), which is (n, n): a mistake that a model must keep."""
    net = _net(1)
    y = tf.placeholder(tf.float32, [None], name="y")
    return _trained(tf.reduce_mean(tf.square(net - y)), TARGETS[:, 0])


def three_losses():
    """Losses of three outputs with weights, one of them a part of a frozen trunk."""
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    trunk = tf.layers.dense(x, 4, activation=tf.nn.tanh, name="trunk", trainable=False)
    names = ["head1", "head2", "head3"]
    heads = [tf.layers.dense(trunk, n, name=names[n - 1]) for n in (1, 2, 3)]
    a = tf.placeholder(tf.float32, [None, 1], name="a")
    b = tf.placeholder(tf.float32, [None, 2], name="b")
    c = tf.placeholder(tf.int64, [None], name="c")
    losses = [
        2.0 * tf.reduce_mean(tf.abs(heads[0] - a)),
        0.5 * tf.losses.sigmoid_cross_entropy(b, heads[1]),
        tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=c, logits=heads[2])),
    ]
    loss = tf.add_n(losses)
    tf.train.AdamOptimizer(0.01).minimize(loss)
    return {
        "rows": {"x:0": X, "a:0": TARGETS[:, :1], "b:0": BINARY, "c:0": NUMBERS},
        "outputs": [name + "/BiasAdd:0" for name in names],
        "loss": loss.name,
    }


CASES = {
    "elastic": elastic,
    "numbers_as_one_hot": numbers_as_one_hot,
    "smoothed": smoothed,
    "log_of_shares": log_of_shares,
    "huber": huber,
    "half_of_squares": half_of_squares,
    "absolute_weighted": absolute_weighted,
    "row_weights": row_weights,
    "log_loss": log_loss,
    "weighted_classes": weighted_classes,
    "stopped": stopped,
    "wrong_broadcast": wrong_broadcast,
    "three_losses": three_losses,
}
