"""Holds lines that the code of the graphs in `programs/recurrent.py` has."""

LINES = {
    "rnn_basic": [
        'activation="relu",',
        'out = keras.layers.Dense(2, name="out")(rnn_basic_rnn_cell[0])',
    ],
    "rnn_lstm": ['rnn_basic_lstm_cell = keras.layers.LSTM(4, name="rnn_basic_lstm_cell")(x)'],
    "rnn_lstm_states": [
        '4, return_sequences=True, return_state=True, name="rnn_lstm_cell"',
        "return keras.Model(x, [rnn_lstm_cell[0], rnn_lstm_cell[2], rnn_lstm_cell[1]])",
    ],
    "rnn_lstm_state_alone": ['rnn_lstm_cell = keras.layers.LSTM(4, name="rnn_lstm_cell")(x)'],
    "rnn_gru": ["strided_slice = rnn_gru_cell[0][:, -1]"],
    "rnn_lengths": [
        "mask = lengths_column > keras.ops.arange(5)",
        "zero_output_for_mask=True,",
        ")(rnn_cell_cell_0_lstm_cell[0], mask=mask)",
    ],
    "rnn_gru_lengths": [")(x, mask=mask, initial_state=state)"],
    "rnn_dropout": [
        '0.5, name="rnn_multi_rnn_cell_cell_0_dropout"',
        ")(multi_rnn_cell_cell_0_dropout)",
    ],
    "rnn_both_directions": [
        "go_backwards=True,",
        "lstm_cell_reversed = keras.ops.flip(bidirectional_rnn_bw_lstm_cell[0], axis=1)",
    ],
    "rnn_both_directions_lengths": ["go_backwards=True,", ")(x, mask=mask)"],
    "rnn_static": ['rnn_basic_lstm_cell = keras.layers.LSTM(4, name="rnn_basic_lstm_cell")(x)'],
    "rnn_static_layers": [")(rnn_cell_cell_0_gru_cell)"],
    "rnn_static_lengths": ["zero_output_for_mask=True,", ")(x, mask=mask)"],
    "rnn_by_hand": [
        'simple = keras.layers.SimpleRNN(4, name="simple")(x)',
        'lstm = keras.layers.LSTM(2, name="lstm")(x)',
    ],
    "rnn_keras": [
        "recurrent_activation=tf_recipes.hard_sigmoid,",
        'last = keras.layers.GRU(3, reset_after=False, name="last")(series)',
    ],
    "rnn_last_outputs": [
        'a_gru_cell = keras.layers.GRU(2, reset_after=False, name="a_gru_cell")(x)',
        'b_gru_cell = keras.layers.GRU(2, reset_after=False, name="b_gru_cell")(x)',
        'c_gru_cell = keras.layers.GRU(2, reset_after=False, name="c_gru_cell")(x)',
    ],
    "rnn_tutorial": [
        'w1 = keras.layers.Dense(4, activation="relu", name="W1")(x)',
        'rnn_basic_lstm_cell = keras.layers.LSTM(4, name="rnn_basic_lstm_cell")(w1)',
    ],
    "rnn_words": [
        ")(dropout, initial_state=[state1, state0])",
        'rnn_dropout = keras.layers.Dropout(0.5, name="RNN_dropout")(rnn_basic_lstm_cell[0])',
    ],
    "rnn_stacked_projection": [
        "where = keras.ops.where(expand_dims, rnn_output_projection_wrapper, 0.0)"
    ],
    "rnn_opposite_gate": ['gru = keras.layers.GRU(2, reset_after=False, name="gru")(x)'],
}
