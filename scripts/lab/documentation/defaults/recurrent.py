"""Pairs the cells of `tf.nn.rnn_cell`, and the loops over cells in `tf.nn`, with Keras."""

from lab.documentation.defaults.pairs import Hidden, Pair

JOINT = Hidden(
    "weights of input and state",
    "one matrix, Glorot's uniform over both",
    "recurrent_initializer",
    "`'orthogonal'`, apart from the input's",
    "recurrent_weights",
)
TANH = {"activation": "tanh"}
LSTM = {"forget_bias": "unit_forget_bias", "initializer": "kernel_initializer"}
FORGET = {
    **TANH,
    "forget_bias": "`unit_forget_bias=True` puts the 1 into the bias itself",
    "initializer": "glorot_uniform",
}
LOOP = [
    "sequence_length",
    "initial_state",
    "initial_state_fw",
    "initial_state_bw",
    "parallel_iterations",
    "swap_memory",
    "time_major",
]

PAIRS = (
    Pair("tf.nn.rnn_cell.BasicRNNCell", "keras.layers.SimpleRNNCell", same=TANH, hidden=(JOINT,)),
    Pair(
        "tf.nn.rnn_cell.BasicLSTMCell",
        "keras.layers.LSTMCell",
        LSTM,
        absent=("state_is_tuple",),
        same=FORGET,
        hidden=(JOINT,),
    ),
    Pair(
        "tf.nn.rnn_cell.LSTMCell",
        "keras.layers.LSTMCell",
        LSTM,
        absent=[
            "use_peepholes",
            "cell_clip",
            "num_proj",
            "proj_clip",
            "num_unit_shards",
            "num_proj_shards",
            "state_is_tuple",
        ],
        same=FORGET,
        hidden=(JOINT,),
    ),
    Pair(
        "tf.nn.rnn_cell.GRUCell",
        "keras.layers.GRUCell",
        same={**TANH, "kernel_initializer": "glorot_uniform"},
        hidden=(
            JOINT,
            Hidden(
                "bias_initializer",
                "`None`: the gates' biases start at 1",
                "bias_initializer",
                "`'zeros'`",
                "gru_bias",
            ),
            Hidden(
                "reset gate",
                "on the state, before its product",
                "reset_after",
                "`True`: on the product",
                "gru_reset",
            ),
        ),
    ),
    Pair("tf.nn.rnn_cell.MultiRNNCell", "keras.layers.StackedRNNCells", absent=("state_is_tuple",)),
    Pair(
        "tf.nn.dynamic_rnn",
        "keras.layers.RNN",
        absent=LOOP,
        hidden=(
            Hidden(
                "outputs",
                "those of all steps, and the state",
                "return_sequences",
                "`False`: the last output alone",
                "rnn_outputs",
            ),
        ),
    ),
    Pair(
        "tf.nn.bidirectional_dynamic_rnn",
        "keras.layers.Bidirectional",
        absent=LOOP,
        hidden=(
            Hidden(
                "outputs",
                "a pair, one for each direction",
                "merge_mode",
                "`'concat'`: joined",
                "bidirectional_outputs",
            ),
        ),
    ),
)
