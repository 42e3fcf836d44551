"""Measures the hidden defaults of the losses of `tf.nn` and `tf.losses`."""

import tensorflow as tf
from tf1_helpers import measurement, run

LOGITS, ONE_HOT, CLASS = [[2.0, 0.0]], [[1.0, 0.0]], [0]


@measurement
def from_logits():
    nn, losses = tf.nn, tf.losses
    return run(
        nn.softmax_cross_entropy_with_logits_v2(ONE_HOT, LOGITS),
        nn.sparse_softmax_cross_entropy_with_logits(labels=CLASS, logits=LOGITS),
        nn.sigmoid_cross_entropy_with_logits(labels=[[1.0]], logits=[[2.0]]),
        losses.softmax_cross_entropy(ONE_HOT, LOGITS),
        losses.sparse_softmax_cross_entropy(CLASS, LOGITS),
        losses.sigmoid_cross_entropy([[1.0]], [[2.0]]),
    )


@measurement
def no_reduction():
    """Returns how many losses three examples give."""
    nn = tf.nn
    results = (
        nn.softmax_cross_entropy_with_logits_v2(ONE_HOT * 3, LOGITS * 3),
        nn.sparse_softmax_cross_entropy_with_logits(labels=CLASS * 3, logits=LOGITS * 3),
        nn.sigmoid_cross_entropy_with_logits(labels=[[1.0]] * 3, logits=[[2.0]] * 3),
        nn.log_poisson_loss([[1.0]] * 3, [[1.0]] * 3),
    )
    return run(*map(tf.size, results))


@measurement
def log_poisson():
    return run(tf.nn.log_poisson_loss([0.0], tf.log([2.0])))


@measurement
def reduction():
    """Returns the loss of two equal examples with weights (1, 0) over the loss with (1, 1)."""
    both, one = tf.constant([1.0, 1.0]), tf.constant([1.0, 0.0])
    losses = tf.losses
    functions = (
        lambda w: losses.absolute_difference([1.0, 1.0], [3.0, 3.0], w),
        lambda w: losses.mean_squared_error([1.0, 1.0], [3.0, 3.0], w),
        lambda w: losses.huber_loss([1.0, 1.0], [3.0, 3.0], w),
        lambda w: losses.hinge_loss([1.0, 1.0], [0.5, 0.5], w),
        lambda w: losses.cosine_distance([[0.6, 0.8]] * 2, [[1.0, 0.0]] * 2, 1, w[:, None]),
        lambda w: losses.log_loss([1.0, 1.0], [0.5, 0.5], w),
        lambda w: losses.sigmoid_cross_entropy([1.0, 1.0], [2.0, 2.0], w),
        lambda w: losses.softmax_cross_entropy(ONE_HOT * 2, LOGITS * 2, w),
        lambda w: losses.sparse_softmax_cross_entropy(CLASS * 2, LOGITS * 2, w),
    )
    return run(*(each(one) / each(both) for each in functions))


@measurement
def cosine():
    return run(tf.losses.cosine_distance([[2.0, 0.0]], [[3.0, 0.0]], axis=1))


@measurement
def log_loss_epsilon():
    return run(tf.losses.log_loss([1.0], [1e-7]))
