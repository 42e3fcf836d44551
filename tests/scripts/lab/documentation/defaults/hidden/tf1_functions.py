"""Measures the hidden defaults of the functions of `tf.nn`."""

import tensorflow as tf
from tf1_helpers import measurement, run

# --- functions


@measurement
def l2_loss():
    return run(tf.nn.l2_loss(tf.constant([1.0, 2.0])))


@measurement
def l2_normalize_axis():
    return run(tf.nn.l2_normalize(tf.constant([[3.0, 0.0], [0.0, 4.0]]))[0, 0])


@measurement
def l2_normalize_epsilon():
    return run(tf.nn.l2_normalize(tf.constant([[5e-7, 0.0]]), axis=1)[0, 0])


@measurement
def embedding_axis():
    return run(tf.nn.embedding_lookup(tf.constant([[1.0, 2.0], [3.0, 4.0]]), [1]))


@measurement
def pool_strides():
    return run(tf.nn.pool(tf.reshape(tf.range(4.0), (1, 4, 1)), [2], "MAX", "VALID"))


# --- connectionist temporal classification


def decoded(logits, lengths):
    """Returns how many classes greedy search and beam search find."""
    greedy, _ = tf.nn.ctc_greedy_decoder(logits, lengths)
    beams, _ = tf.nn.ctc_beam_search_decoder(logits, lengths)
    return tf.shape(greedy[0].values), tf.shape(beams[0].values)


@measurement
def ctc_blank():
    """Measures label 1 of the classes 0, 1, 2 in two steps, and what is found if 2 is likeliest."""
    logits = tf.log(tf.constant([[[0.2, 0.3, 0.5]]] * 2))
    label = tf.SparseTensor([[0, 0]], [1], [1, 1])
    return run(tf.nn.ctc_loss(label, logits, [2]), *decoded(tf.log([[[0.05, 0.05, 0.9]]]), [1]))


@measurement
def ctc_axes():
    """Returns the number of examples of an input (2, 3, classes)."""
    logits = tf.zeros((2, 3, 4))
    label = tf.SparseTensor([[0, 0], [1, 0], [2, 0]], [1, 1, 1], [3, 1])
    _, scores = tf.nn.ctc_greedy_decoder(logits, [2, 2, 2])
    beams, _ = tf.nn.ctc_beam_search_decoder(logits, [2, 2, 2])
    loss = tf.nn.ctc_loss(label, logits, [2, 2, 2])
    return run(*(tf.shape(each)[0] for each in (loss, scores)), beams[0].dense_shape[0])


@measurement
def ctc_search():
    logits = tf.log(tf.constant([[[0.4, 0.6]]] * 2))
    beams, _ = tf.nn.ctc_beam_search_decoder(logits, [2])
    return run(tf.shape(beams[0].values))
