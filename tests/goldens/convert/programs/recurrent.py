"""Builds recurrent nets in the styles of TF1."""

import numpy as np
import tensorflow as tf

SERIES = np.random.RandomState(0).randn(4, 5, 3).astype("f")
LENGTHS = np.array([5, 2, 3, 1], "i")
cells = tf.nn.rnn_cell


def _series(steps=5, name="X"):
    return tf.placeholder(tf.float32, [None, steps, 3], name=name)


def _given(outputs, **more):
    inputs = {"X:0": SERIES}
    inputs.update((key + ":0", value) for key, value in more.items())
    return {"inputs": inputs, "outputs": [t.name for t in outputs]}


def rnn_basic():
    """A simple cell with relu in dynamic_rnn, its outputs through a dense layer by reshaping."""
    outputs, state = tf.nn.dynamic_rnn(
        cells.BasicRNNCell(4, activation=tf.nn.relu), _series(), dtype=tf.float32
    )
    flat = tf.layers.dense(tf.reshape(outputs, [-1, 4]), 2, name="out")
    return _given([tf.reshape(flat, [-1, 5, 2]), state])


def rnn_lstm():
    """An LSTM whose last output goes into a dense layer."""
    outputs, _ = tf.nn.dynamic_rnn(cells.BasicLSTMCell(4), _series(), dtype=tf.float32)
    return _given([tf.layers.dense(outputs[:, -1], 2, name="out")])


def rnn_lstm_states():
    """An LSTM with another forget bias and its last states, of series of any length."""
    outputs, state = tf.nn.dynamic_rnn(
        cells.LSTMCell(4, forget_bias=0.5), _series(None), dtype=tf.float32
    )
    return _given([outputs, state.c, state.h])


def rnn_lstm_state_alone():
    """An LSTM of which only the last output state is used."""
    _, state = tf.nn.dynamic_rnn(cells.LSTMCell(4), _series(), dtype=tf.float32)
    return _given([tf.layers.dense(state.h, 2, name="out")])


def rnn_gru():
    """A GRU with its inputs by time first."""
    outputs, state = tf.nn.dynamic_rnn(
        cells.GRUCell(4), tf.transpose(_series(), [1, 0, 2]), dtype=tf.float32, time_major=True
    )
    return _given([outputs[-1], state, tf.reduce_mean(outputs, 0)])


def rnn_lengths():
    """Several layers of series of different lengths."""
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    several = cells.MultiRNNCell([cells.LSTMCell(4), cells.LSTMCell(3)])
    outputs, states = tf.nn.dynamic_rnn(several, _series(), lengths, dtype=tf.float32)
    return _given([outputs, states[0].c, states[1].h], lengths=LENGTHS)


def rnn_gru_lengths():
    """A GRU of series of different lengths that begins with a state which is given."""
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    first = tf.placeholder(tf.float32, [None, 4], name="state")
    outputs, state = tf.nn.dynamic_rnn(cells.GRUCell(4), _series(), lengths, first)
    return _given([outputs, state], lengths=LENGTHS, state=SERIES[:, 0, :1] * np.ones(4, "f"))


def rnn_dropout():
    """Several layers with dropout at the inputs and outputs of each cell."""
    keep = tf.placeholder_with_default(1.0, [], name="keep")
    several = cells.MultiRNNCell(
        [cells.DropoutWrapper(cells.GRUCell(4), keep, keep) for _ in range(2)]
    )
    outputs, _ = tf.nn.dynamic_rnn(several, _series(), dtype=tf.float32)
    made = _given([outputs])
    made.update(feed={"keep:0": 0.5}, eval_feed={"keep:0": 1.0})
    return made


def rnn_both_directions():
    """An LSTM in both directions."""
    (forward, backward), states = tf.nn.bidirectional_dynamic_rnn(
        cells.LSTMCell(4), cells.LSTMCell(4), _series(), dtype=tf.float32
    )
    joined = tf.concat([forward, backward], 2)
    return _given([joined, states[1].h])


def rnn_both_directions_lengths():
    """A GRU in both directions of series of different lengths."""
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    (forward, backward), states = tf.nn.bidirectional_dynamic_rnn(
        cells.GRUCell(4), cells.GRUCell(4), _series(), lengths, dtype=tf.float32
    )
    return _given([tf.concat([forward, backward], 2), states[1]], lengths=LENGTHS)


def rnn_static():
    """An unrolled LSTM of which the last output is used."""
    outputs, _ = tf.nn.static_rnn(
        cells.BasicLSTMCell(4), tf.unstack(_series(), axis=1), dtype=tf.float32
    )
    w = tf.get_variable("W", [4, 2])
    return _given([tf.matmul(outputs[-1], w) + tf.get_variable("b", [2])])


def rnn_static_layers():
    """Unrolled GRUs in two layers of which all outputs are used, as contrib's translators do."""
    several = cells.MultiRNNCell([cells.GRUCell(4), cells.GRUCell(3)])
    parts = tf.split(_series(), 5, axis=1)
    outputs, states = tf.nn.static_rnn(
        several, [tf.squeeze(each, [1]) for each in parts], dtype=tf.float32
    )
    return _given([tf.stack(outputs, axis=1), states[1]])


def rnn_static_lengths():
    """An unrolled simple cell of series of different lengths."""
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    outputs, state = tf.nn.static_rnn(
        cells.BasicRNNCell(4), tf.unstack(_series(), axis=1), None, tf.float32, lengths
    )
    return _given([tf.stack(outputs, axis=1), state], lengths=LENGTHS)


def rnn_concatenated_state():
    """The state of the first versions of TF1: one tensor with both parts."""
    outputs, state = tf.nn.dynamic_rnn(
        cells.BasicLSTMCell(4, state_is_tuple=False), _series(), dtype=tf.float32
    )
    return _given([outputs, state])


def rnn_by_hand():
    """A simple net and an LSTM written by hand, with a kernel for each gate."""
    x = _series()
    wx, wh = tf.get_variable("Wx", [3, 4]), tf.get_variable("Wh", [4, 4])
    b = tf.get_variable("b", [4])
    h = tf.zeros([tf.shape(x)[0], 4])
    for step in tf.unstack(x, axis=1):
        h = tf.tanh(tf.matmul(step, wx) + tf.matmul(h, wh) + b)
    kernels = {}
    for gate in "ifoc":
        kernels[gate] = (
            tf.get_variable("W" + gate, [3, 2]),
            tf.get_variable("U" + gate, [2, 2]),
            tf.get_variable("b" + gate, [2]),
        )
    out = c = tf.zeros([tf.shape(x)[0], 2])
    for step in tf.unstack(x, axis=1):
        gates = {
            gate: tf.matmul(step, w) + tf.matmul(out, u) + v for gate, (w, u, v) in kernels.items()
        }
        c = tf.sigmoid(gates["f"]) * c + tf.sigmoid(gates["i"]) * tf.tanh(gates["c"])
        out = tf.sigmoid(gates["o"]) * tf.tanh(c)
    return _given([h, out])


def rnn_keras():
    """Layers of tf.keras."""
    x = _series()
    series = tf.keras.layers.LSTM(4, return_sequences=True, name="series")(x)
    out = tf.keras.layers.GRU(3, recurrent_activation="sigmoid", name="last")(series)
    return _given([out, tf.keras.layers.SimpleRNN(2, name="simple")(x)])


def rnn_last_outputs():
    """The last output by each of the ways of tutorials: gather, unstack, an index of a constant."""
    x = _series()
    outs = []
    for name in "abc":
        outputs, _ = tf.nn.dynamic_rnn(cells.GRUCell(2), x, dtype=tf.float32, scope=name)
        outs.append(tf.transpose(outputs, [1, 0, 2]))
    last = [tf.gather(outs[0], 4), tf.unstack(outs[1])[-1], outs[2][4]]
    return _given([tf.concat(last, 1)])


def rnn_tutorial():
    """The net of early tutorials: transposed, flattened, a dense layer, split, static_rnn."""
    x = tf.reshape(tf.transpose(_series(), [1, 0, 2]), [-1, 3])
    hidden = tf.nn.relu(tf.matmul(x, tf.get_variable("W1", [3, 4])) + tf.get_variable("b1", [4]))
    outputs, _ = tf.nn.static_rnn(
        cells.BasicLSTMCell(4, forget_bias=1.0), tf.split(hidden, 5, 0), dtype=tf.float32
    )
    out = tf.matmul(outputs[-1], tf.get_variable("W2", [4, 2])) + tf.get_variable("b2", [2])
    return _given([out])


def rnn_words():
    """A language model: words, dropout, unrolled layers, a given state, a word for each step."""
    x = tf.placeholder(tf.int32, [None, 5], name="X")
    first = [tf.placeholder(tf.float32, [None, 4], name=f"state{k}") for k in range(2)]
    keep = tf.placeholder(tf.float32, [], name="keep")
    words = tf.nn.embedding_lookup(tf.get_variable("embedding", [6, 3]), x)
    words = tf.nn.dropout(words, keep)
    cell = cells.DropoutWrapper(cells.BasicLSTMCell(4, forget_bias=0.0), output_keep_prob=keep)
    state, outputs = cells.LSTMStateTuple(*first), []
    with tf.variable_scope("RNN"):
        for step in range(5):
            if step > 0:
                tf.get_variable_scope().reuse_variables()
            output, state = cell(words[:, step, :], state)
            outputs.append(output)
    flat = tf.reshape(tf.concat(outputs, 1), [-1, 4])
    logits = tf.matmul(flat, tf.get_variable("softmax_w", [4, 6])) + tf.get_variable(
        "softmax_b", [6]
    )
    made = _given([tf.nn.softmax(tf.reshape(logits, [-1, 5, 6])), state.c, state.h])
    states = {f"state{k}:0": SERIES[:, k, :1] * np.ones(4, "f") for k in range(2)}
    made["inputs"] = dict({"X:0": (np.abs(SERIES[..., 0]) * 3).astype("i") % 6}, **states)
    made.update(feed={"keep:0": 0.5}, eval_feed={"keep:0": 1.0})
    return made


def rnn_stacked_projection():
    """A residual cell and a dense layer in the loop, with lengths."""
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    several = cells.MultiRNNCell([cells.GRUCell(3), cells.ResidualWrapper(cells.GRUCell(3))])
    wrapped = tf.contrib.rnn.OutputProjectionWrapper(several, 2)
    outputs, states = tf.nn.dynamic_rnn(wrapped, _series(), lengths, dtype=tf.float32)
    return _given([outputs, states[1]], lengths=LENGTHS)


def rnn_opposite_gate():
    """A GRU written by hand, whose update gate chooses the new state."""
    x = _series()
    kernels = {g: tf.get_variable("W" + g, [5, 2]) for g in "zrh"}
    biases = {g: tf.get_variable("b" + g, [2]) for g in "zrh"}
    h = tf.zeros([tf.shape(x)[0], 2])
    for step in range(5):
        both = tf.concat([x[:, step], h], 1)
        z = tf.sigmoid(tf.matmul(both, kernels["z"]) + biases["z"])
        r = tf.sigmoid(tf.matmul(both, kernels["r"]) + biases["r"])
        new = tf.tanh(tf.matmul(tf.concat([x[:, step], r * h], 1), kernels["h"]) + biases["h"])
        h = (1 - z) * h + z * new
    return _given([h])


def rnn_no_layer():
    """What is no recurrent layer of Keras: a loop that doubles, a cell with a projection."""
    x = _series()
    doubled = tf.while_loop(lambda k, y: k < 3, lambda k, y: (k + 1, y * 2.0), (0, x))[1]
    outputs, _ = tf.nn.dynamic_rnn(cells.LSTMCell(4, num_proj=2), x, dtype=tf.float32)
    return _given([doubled, outputs])


def _lstm_by_parts(x, name, parts, kernel_of):
    """Unrolls an LSTM, whose four gates are `parts` of one product; returns the last output."""
    with tf.variable_scope(name):
        kernel, bias = tf.get_variable("kernel", [5, 8]), tf.get_variable("bias", [8])
        out = c = tf.zeros([tf.shape(x)[0], 2])
        for step in tf.unstack(x, axis=1):
            product = kernel_of(step, out, kernel, bias)
            i, j, f, o = parts(product)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(j)
            out = tf.sigmoid(o) * tf.tanh(c)
    return out


def rnn_parts_of_products():
    """LSTMs whose gates are parts by SplitV, Slice and an index, of products in several forms."""
    x = _series()

    def joined(step, out, kernel, bias):
        both = tf.raw_ops.Concat(concat_dim=1, values=[step, out])
        return tf.nn.bias_add(tf.matmul(both, kernel), bias)

    outs = [
        _lstm_by_parts(x, "sizes", lambda p: tf.split(p, [2, 2, 2, 2], 1), joined),
        _lstm_by_parts(
            x, "slices", lambda p: [tf.slice(p, [0, 2 * k], [-1, 2]) for k in range(4)], joined
        ),
        _lstm_by_parts(
            x,
            "ends",
            lambda p: [p[:, :2], p[:, 2:4], p[:, 4:-2], tf.slice(p, [0, 6], [-1, -1])],
            joined,
        ),
    ]
    return _given(outs)


def rnn_parts_of_kernels():
    """A GRU whose kernels and biases are columns of larger variables."""
    x = _series()
    w, u, b = (
        tf.get_variable(name, shape) for name, shape in (("W", [3, 6]), ("U", [2, 6]), ("b", [6]))
    )
    h = tf.zeros([tf.shape(x)[0], 2])
    (wz, wr, wh), (uz, ur, uh) = tf.split(w, 3, 1), tf.split(u, [2, 2, 2], 1)
    bz, br, bh = b[:2], tf.slice(b, [2], [2]), b[4:]
    for step in tf.unstack(x, axis=1):
        z = tf.sigmoid(tf.add_n([tf.matmul(step, wz), tf.matmul(h, uz)]) + bz)
        r = tf.sigmoid(tf.matmul(step, wr) + tf.matmul(h, ur) + br)
        new = tf.tanh(tf.matmul(step, wh) + tf.matmul(r * h, uh) + bh)
        h = z * h + (1 - z) * new
    return _given([h])


CASES = {name: f for name, f in list(globals().items()) if name.startswith("rnn_")}
