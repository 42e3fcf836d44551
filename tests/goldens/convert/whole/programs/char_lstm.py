"""A character model: two LSTM layers, one softmax for all steps, clipped gradients."""

import tensorflow as tf

LOSS = "cost:0"
OUTPUTS = ["rnnlm/logits:0"]
TRAIN = {}
EVAL = {}
STEPS_BEFORE = 40


def build(vocab_size=11, rnn_size=6, seq_length=5, num_layers=2, grad_clip=0.5):
    input_data = tf.placeholder(tf.int32, [None, seq_length], name="input_data")
    targets = tf.placeholder(tf.int32, [None, seq_length], name="targets")
    cells = [tf.nn.rnn_cell.BasicLSTMCell(rnn_size) for _ in range(num_layers)]
    cell = tf.nn.rnn_cell.MultiRNNCell(cells, state_is_tuple=True)
    initial_state = cell.zero_state(tf.shape(input_data)[0], tf.float32)

    with tf.variable_scope("rnnlm"):
        softmax_w = tf.get_variable("softmax_w", [rnn_size, vocab_size])
        softmax_b = tf.get_variable("softmax_b", [vocab_size])
        embedding = tf.get_variable("embedding", [vocab_size, rnn_size])
        inputs = tf.nn.embedding_lookup(embedding, input_data)
        outputs, _ = tf.nn.dynamic_rnn(cell, inputs, initial_state=initial_state)
        output = tf.reshape(outputs, [-1, rnn_size])
        logits = tf.matmul(output, softmax_w) + softmax_b
        logits = tf.reshape(logits, [-1, seq_length, vocab_size], name="logits")

    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    cost = tf.reduce_mean(loss, name="cost")
    lr = tf.Variable(0.01, trainable=False, name="lr")
    tvars = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(cost, tvars), grad_clip)
    tf.train.AdamOptimizer(lr).apply_gradients(zip(grads, tvars))


def feeds(rng):
    return {
        "input_data": rng.randint(0, 11, (40, 5)).astype("int32"),
        "targets": rng.randint(0, 11, (40, 5)).astype("int32"),
    }
