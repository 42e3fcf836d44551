"""Measures the hidden defaults of Keras' cells and loops."""

import numpy as np
from keras import layers, ops
from keras_helpers import case, largest


@case(
    [value for n in (50, 200, 200, 100) for value in (np.sqrt(6 / (80 + n)), 1)], [0, 0, 0, 0], 1e-3
)
def recurrent_weights():
    """Returns how far the weights of the state are from orthogonal."""
    found = []
    for name in ("SimpleRNNCell", "LSTMCell", "LSTMCell", "GRUCell"):
        cell = getattr(layers, name)(50)
        cell.build((1, 30))
        state = ops.convert_to_numpy(cell.recurrent_kernel)
        found.append(largest(state @ state.T - np.eye(50)))
    return found


def gru():
    cell = layers.GRUCell(2)
    cell.build((1, 1))
    return cell


@case([1, 1, 1, 1], [0, 0, 0, 0])
def gru_bias():
    return gru().bias[0][:4]


@case([0, np.tanh(1)], [0, 0])
def gru_reset():
    """Measures the state (1, 0), reset gate closed; Keras' order is update, reset, candidate."""
    cell, far = gru(), 100.0
    recurrent = np.zeros((2, 6), "float32")
    recurrent[0, 5] = 1.0
    bias = np.array([[-far, -far, far, -far, 0, 0], [0] * 6])
    cell.set_weights([np.zeros((1, 6)), recurrent, bias])
    return cell(np.zeros((1, 1)), [np.float32([[1, 0]])])[0]


@case([1, 5, 2], [1, 2])
def rnn_outputs():
    return layers.RNN(layers.SimpleRNNCell(2))(np.ones((1, 5, 3))).shape


@case([1, 5, 2, 1, 5, 2], [1, 5, 4])
def bidirectional_outputs():
    rnn = layers.RNN(layers.SimpleRNNCell(2), return_sequences=True)
    return layers.Bidirectional(rnn)(np.ones((1, 5, 3))).shape
