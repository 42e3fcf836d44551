"""A tagger: an LSTM in both directions, a projection of each step, and a loss without padding."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["proj/scores:0"]
TRAIN = {"dropout": 0.8}
EVAL = {"dropout": 1.0}


def build(nwords=15, dim_word=5, hidden=4, ntags=4):
    word_ids = tf.placeholder(tf.int32, shape=[None, None], name="word_ids")
    sequence_lengths = tf.placeholder(tf.int32, shape=[None], name="sequence_lengths")
    labels = tf.placeholder(tf.int32, shape=[None, None], name="labels")
    dropout = tf.placeholder(dtype=tf.float32, shape=[], name="dropout")

    with tf.variable_scope("words"):
        table = tf.get_variable("_word_embeddings", dtype=tf.float32, shape=[nwords, dim_word])
        word_embeddings = tf.nn.embedding_lookup(table, word_ids, name="word_embeddings")
    word_embeddings = tf.nn.dropout(word_embeddings, dropout)

    with tf.variable_scope("bi-lstm"):
        cell_fw = tf.contrib.rnn.LSTMCell(hidden)
        cell_bw = tf.contrib.rnn.LSTMCell(hidden)
        (output_fw, output_bw), _ = tf.nn.bidirectional_dynamic_rnn(
            cell_fw,
            cell_bw,
            word_embeddings,
            sequence_length=sequence_lengths,
            dtype=tf.float32,
        )
        output = tf.concat([output_fw, output_bw], axis=-1)
        output = tf.nn.dropout(output, dropout)

    with tf.variable_scope("proj"):
        W = tf.get_variable("W", dtype=tf.float32, shape=[2 * hidden, ntags])
        b = tf.get_variable(
            "b", shape=[ntags], dtype=tf.float32, initializer=tf.zeros_initializer()
        )
        nsteps = tf.shape(output)[1]
        output = tf.reshape(output, [-1, 2 * hidden])
        pred = tf.matmul(output, W) + b
        logits = tf.reshape(pred, [-1, nsteps, ntags], name="scores")

    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=labels)
    mask = tf.sequence_mask(sequence_lengths)
    losses = tf.boolean_mask(losses, mask)
    loss = tf.reduce_mean(losses, name="loss")
    tf.train.RMSPropOptimizer(0.01).minimize(loss)


def feeds(rng):
    lengths = rng.randint(1, 6, 40).astype("int32")
    lengths[rng.permutation(40)[:35]] = 5  # every batch is as long as the longest one
    return {
        "word_ids": rng.randint(0, 15, (40, 5)).astype("int32"),
        "sequence_lengths": lengths,
        "labels": rng.randint(0, 4, (40, 5)).astype("int32"),
    }
