"""Holds lines that the code of the graphs in `programs/recurrent_forms.py` has."""

LINES = {
    "form_block_static": [
        'rnn_lstm_cell = keras.layers.LSTM(4, return_state=True, name="rnn_lstm_cell")(x)',
        'out = keras.layers.Dense(2, name="out")(rnn_lstm_cell[1])',
    ],
    "form_fused_lstm": ["strided_slice_2 = lstm_fused_cell[:, -1]"],
    "form_fed_state": ['fed = keras.Input(batch_shape=(2, 2, None, 4), name="fed")'],
    "form_state_in_one_tensor": [
        "first_state = first[:, 4:8]",
        ")(x, initial_state=[first_state, first_state_1])",
    ],
    "form_stateful": [")(x, initial_state=kept)"],
    "form_variational_dropout": [
        'dropout = keras.layers.Dropout(0.5, noise_shape=(1, 1, None), name="dropout")(x)',
    ],
    "form_wrappers": ["add_1 = x + rnn_gru_cell"],
}
