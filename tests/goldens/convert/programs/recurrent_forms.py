"""Builds recurrent nets with rarer cells, wrappers, states and loops."""

import numpy as np
import tensorflow as tf

SERIES = np.random.RandomState(0).randn(4, 5, 3).astype("f")
LENGTHS = np.array([5, 2, 3, 1], "i")
cells = tf.nn.rnn_cell
contrib = tf.contrib.rnn


def _series(steps=5, rows=None, name="X"):
    return tf.placeholder(tf.float32, [rows, steps, 3], name=name)


def _given(outputs, **more):
    inputs = {"X:0": SERIES}
    inputs.update((key + ":0", value) for key, value in more.items())
    return {
        "inputs": inputs,
        "outputs": [tf.identity(t, name=f"out_{k}").name for k, t in enumerate(outputs)],
    }


def _one(cell, **more):
    outputs, _ = tf.nn.dynamic_rnn(cell, _series(), dtype=tf.float32, **more)
    return _given([outputs])


def form_peepholes():
    """An LSTM whose gates see the memory."""
    return _one(cells.LSTMCell(4, use_peepholes=True))


def form_projection():
    """An LSTM whose output is projected."""
    return _one(cells.LSTMCell(4, num_proj=2))


def form_cell_clip():
    """An LSTM whose memory is clipped."""
    return _one(cells.LSTMCell(4, cell_clip=0.5))


def form_layer_norm():
    """An LSTM with layer normalization in its gates."""
    return _one(contrib.LayerNormBasicLSTMCell(4))


def form_block_lstm():
    """The LSTM in one kernel for each step, with two layers and a last state."""
    several = cells.MultiRNNCell(
        [contrib.LSTMBlockCell(4), contrib.LSTMBlockCell(3, forget_bias=0.0)]
    )
    outputs, state = tf.nn.dynamic_rnn(several, _series(), dtype=tf.float32)
    return _given([outputs, state[1].h, state[0].c])


def form_block_gru():
    """The GRU in one kernel for each step."""
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    outputs, state = tf.nn.dynamic_rnn(
        contrib.GRUBlockCellV2(4), _series(), dtype=tf.float32, sequence_length=lengths
    )
    return _given([outputs, state], lengths=LENGTHS)


def form_fused_lstm():
    """The LSTM in one kernel for a whole series."""
    x = tf.transpose(_series(), [1, 0, 2])
    outputs, state = contrib.LSTMBlockFusedCell(4)(x, dtype=tf.float32)
    return _given([tf.transpose(outputs, [1, 0, 2]), state.h])


def form_block_static():
    """The LSTM in one kernel for each step, unrolled."""
    outputs, state = tf.nn.static_rnn(
        contrib.LSTMBlockCell(4), tf.unstack(_series(), axis=1), dtype=tf.float32
    )
    return _given([tf.layers.dense(outputs[-1], 2, name="out"), state.c])


def form_wrappers():
    """Residual cells, and dropout with masks that stay the same in all turns."""
    keep = tf.placeholder(tf.float32, name="keep")
    first = cells.DropoutWrapper(cells.ResidualWrapper(cells.GRUCell(3)), output_keep_prob=keep)
    outputs, _ = tf.nn.dynamic_rnn(first, _series(), dtype=tf.float32)
    made = _given([outputs])
    made.update(feed={"keep:0": 0.5}, eval_feed={"keep:0": 1.0})
    return made


def form_state_dropout():
    """Dropout of the state."""
    keep = tf.placeholder(tf.float32, name="keep")
    cell = cells.DropoutWrapper(cells.BasicLSTMCell(4), state_keep_prob=keep)
    outputs, _ = tf.nn.dynamic_rnn(cell, _series(), dtype=tf.float32)
    made = _given([outputs])
    made.update(feed={"keep:0": 0.5}, eval_feed={"keep:0": 1.0})
    return made


def form_variational_dropout():
    """Dropout with one mask for all turns."""
    keep = tf.placeholder(tf.float32, name="keep")
    cell = cells.DropoutWrapper(
        cells.BasicLSTMCell(4),
        input_keep_prob=keep,
        output_keep_prob=keep,
        variational_recurrent=True,
        input_size=3,
        dtype=tf.float32,
    )
    outputs, _ = tf.nn.dynamic_rnn(cell, _series(), dtype=tf.float32)
    made = _given([outputs])
    made.update(feed={"keep:0": 0.5}, eval_feed={"keep:0": 1.0})
    return made


def form_state_in_one_tensor():
    """Layers whose states are one tensor, which is fed."""
    several = cells.MultiRNNCell(
        [cells.BasicLSTMCell(4, state_is_tuple=False) for _ in range(2)], state_is_tuple=False
    )
    first = tf.placeholder(tf.float32, [None, 16], name="first")
    outputs, state = tf.nn.dynamic_rnn(several, _series(), initial_state=first)
    return _given([outputs, state], first=np.random.RandomState(1).randn(4, 16).astype("f"))


def form_fed_state():
    """Layers whose states are fed as tuples, unstacked from one tensor."""
    fed = tf.placeholder(tf.float32, [2, 2, None, 4], name="fed")
    layers = tf.unstack(fed, axis=0)
    first = tuple(cells.LSTMStateTuple(each[0], each[1]) for each in layers)
    several = cells.MultiRNNCell([cells.BasicLSTMCell(4) for _ in range(2)])
    outputs, state = tf.nn.dynamic_rnn(several, _series(), initial_state=first)
    return _given([outputs, state[1].h], fed=np.random.RandomState(1).randn(2, 2, 4, 4).astype("f"))


def form_time_first():
    """An LSTM of series with time first, with lengths, of which the state is used."""
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    x = tf.placeholder(tf.float32, [5, None, 3], name="X")
    outputs, state = tf.nn.dynamic_rnn(
        cells.LSTMCell(4), x, dtype=tf.float32, time_major=True, sequence_length=lengths
    )
    made = _given([outputs, state.h], lengths=LENGTHS)
    made["inputs"]["X:0"] = SERIES.transpose(1, 0, 2)
    return made


def form_masking():
    """The Masking layer of tf.keras before an LSTM."""
    x = _series()
    masked = tf.keras.layers.Masking(0.5)(x)
    hidden = tf.keras.layers.LSTM(4, return_sequences=True, name="lstm")(masked)
    made = _given([tf.keras.layers.GRU(3, name="gru", implementation=1)(hidden)])
    made["inputs"]["X:0"] = np.where(np.arange(5)[:, None] < LENGTHS[:, None, None], SERIES, 0.5)
    made["inputs"]["X:0"] = made["inputs"]["X:0"].astype("f")
    return made


def form_raw():
    """A loop of `raw_rnn` that reads series, as `dynamic_rnn` does."""
    x = _series()
    array = tf.TensorArray(tf.float32, size=5).unstack(tf.transpose(x, [1, 0, 2]))
    cell = cells.LSTMCell(4)

    def turn(time, output, state, loop_state):
        if output is None:
            state = cell.zero_state(tf.shape(x)[0], tf.float32)
        done = tf.tile([time >= 5], [tf.shape(x)[0]])
        entry = tf.cond(
            tf.reduce_all(done), lambda: tf.zeros_like(x[:, 0]), lambda: array.read(time)
        )
        return done, entry, state, output, None

    outputs, _, _ = tf.nn.raw_rnn(cell, turn)
    return _given([tf.transpose(outputs.stack(), [1, 0, 2])])


def form_decoder():
    """A decoder of seq2seq, fed with the words of the answer."""
    seq2seq = tf.contrib.seq2seq
    x = _series()
    helper = seq2seq.TrainingHelper(x, tf.fill([tf.shape(x)[0]], 5))
    cell = cells.GRUCell(4)
    decoder = seq2seq.BasicDecoder(
        cell, helper, cell.zero_state(tf.shape(x)[0], tf.float32), tf.layers.Dense(6, name="words")
    )
    outputs, _, _ = seq2seq.dynamic_decode(decoder)
    return _given([outputs.rnn_output])


def form_grid():
    """Grid cells, which go over frequencies, too."""
    cell = contrib.BidirectionalGridLSTMCell(
        2,
        feature_size=1,
        frequency_skip=1,
        num_frequency_blocks=[3],
        share_time_frequency_weights=True,
    )
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(_series(), axis=1), dtype=tf.float32)
    return _given([outputs[-1]])


def form_attention_wrapper():
    """A cell with attention over the series."""
    cell = contrib.AttentionCellWrapper(cells.GRUCell(4), attn_length=2, state_is_tuple=True)
    return _one(cell)


def form_stateful():
    """A state that is kept in variables from run to run."""
    x = _series(rows=4)
    kept = tf.get_variable("kept", [4, 4], trainable=False)
    outputs, state = tf.nn.dynamic_rnn(cells.GRUCell(4), x, initial_state=kept)
    with tf.control_dependencies([kept.assign(state)]):
        outputs = tf.identity(outputs)
    return _given([outputs])


def form_output_projection():
    """Wrappers that project inputs and outputs in each turn."""
    cell = contrib.OutputProjectionWrapper(contrib.InputProjectionWrapper(cells.GRUCell(4), 4), 2)
    return _one(cell)


CASES = {name: each for name, each in globals().items() if name.startswith("form_")}
