"""Measures the hidden defaults of the cells and loops of `tf.nn`."""

import tensorflow as tf
from tf1_helpers import largest, measurement, ones, run, variables

CELLS = ("BasicRNNCell", "BasicLSTMCell", "LSTMCell", "GRUCell")


@measurement
def recurrent_weights():
    """Returns for each cell the largest weight of the state, and its distance from orthogonal."""
    found = []
    for name in CELLS:
        with tf.variable_scope(name):
            cell = getattr(tf.nn.rnn_cell, name)(50)
            cell(ones(1, 30), cell.zero_state(1, tf.float32))
        state = cell.trainable_weights[0][30:]
        square = tf.matmul(state, state, transpose_b=True) - tf.eye(50)
        found += [largest(state), tf.cast(largest(square) > 0.1, tf.float32)]
    return run(*found)


@measurement
def gru_bias():
    cell = tf.nn.rnn_cell.GRUCell(2)
    cell(ones(1, 1), ones(1, 2))
    return run(*variables("gates/bias"))


@measurement
def gru_reset():
    """Measures the state (1, 0); unit 1 feeds unit 2, the reset gate of unit 2 is closed."""
    cell = tf.nn.rnn_cell.GRUCell(2)
    _, state = cell(tf.zeros((1, 1)), tf.constant([[1.0, 0.0]]))
    gates, gate_bias, candidate, _ = cell.trainable_weights
    far = 100.0
    sets = [
        tf.assign(gates, tf.zeros((3, 4))),
        tf.assign(gate_bias, [far, -far, -far, -far]),
        tf.assign(candidate, [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
    ]
    return run(state, first=[sets])


@measurement
def rnn_outputs():
    cell = tf.nn.rnn_cell.BasicRNNCell(2)
    outputs, _ = tf.nn.dynamic_rnn(cell, ones(1, 5, 3), dtype=tf.float32)
    return run(tf.shape(outputs))


@measurement
def bidirectional_outputs():
    cells = [tf.nn.rnn_cell.BasicRNNCell(2) for _ in range(2)]
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(*cells, inputs=ones(1, 5, 3), dtype=tf.float32)
    return run(*(tf.shape(each) for each in outputs))
