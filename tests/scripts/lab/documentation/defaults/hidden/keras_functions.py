"""Measures the hidden defaults of Keras' functions."""

import keras
import numpy as np
from keras import ops
from keras_helpers import case, flat

# --- functions


@case([2.5], [0.05])
def l2_loss():
    return keras.regularizers.L2()(np.float32([1, 2]))


@case([0.6], [1])
def l2_normalize_axis():
    return ops.normalize(np.float32([[3, 0], [0, 4]]))[0, 0]


@case([0.5], [1])
def l2_normalize_epsilon():
    return ops.normalize(np.float32([[5e-7, 0]]))[0, 0]


@case([3, 4], [2])
def embedding_axis():
    return ops.take(np.float32([[1, 2], [3, 4]]), [1])


@case([1, 2, 3], [1, 3])
def pool_strides():
    return ops.max_pool(np.arange(4, dtype="float32").reshape(1, 4, 1), 2)


# --- connectionist temporal classification


def decoded(logits, **arguments):
    """Returns the classes that are found, padded with -1."""
    lengths = np.full(len(logits), len(logits[0]))
    return ops.convert_to_numpy(ops.ctc_decode(logits, lengths, **arguments)[0][0])


@case([-np.log(0.39), 0, 0], [-np.log(0.21), 1, 1])
def ctc_blank():
    logits = np.log(np.float32([[[0.2, 0.3, 0.5]] * 2]))
    loss = ops.ctc_loss([[1]], logits, [1], [2])
    last = np.log(np.float32([[[0.05, 0.05, 0.9]]]))
    beams = decoded(last, strategy="beam_search")
    return flat(loss, (decoded(last) >= 0).sum(), (beams >= 0).sum())


@case([3, 3, 3], [2, 2, 2])
def ctc_axes():
    logits = np.zeros((2, 3, 4), "float32")
    loss = ops.ctc_loss([[1], [1]], logits, [1, 1], [3, 3])
    return [len(loss), len(decoded(logits)), len(decoded(logits, strategy="beam_search"))]


@case([1], [0])
def ctc_search():
    return (decoded(np.log(np.float32([[[0.6, 0.4]] * 2]))) >= 0).sum()
