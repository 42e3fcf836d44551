"""Saves small TF1 programs, which the installed TensorFlow runs as TF 1.15 does."""

import tensorflow as tf

v1 = tf.compat.v1


def saved(folder, program):
    """Returns the prefix of the checkpoint of a program, before its first step."""
    prefix = str(folder / "model.ckpt")
    with tf.Graph().as_default(), v1.Session() as session:
        program()
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, prefix)
    return prefix


def variable(name, shape, start=None, trainable=True):
    """Returns a variable: with a start at random, or with a number everywhere."""
    first = (
        v1.random_uniform_initializer(-0.5, 0.5, seed=len(name) + ord(name[0]))
        if start is None
        else v1.constant_initializer(start)
    )
    return v1.get_variable(name, shape, initializer=first, trainable=trainable)


def placeholders(*shape):
    """Returns rows `x` of a shape and their classes `y`."""
    return v1.placeholder(tf.float32, [None, *shape], "x"), v1.placeholder(tf.int32, [None], "y")


def entropy(logits, labels):
    """Returns the mean entropy of logits."""
    each = v1.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(each)


def descend(loss, rate=0.1):
    """Returns the step of gradient descent."""
    return v1.train.GradientDescentOptimizer(rate).minimize(loss)
