"""Tests that the gates of TF1's Keras are found where they would become others."""

import pytest

import scanned

HEAD = "import tensorflow as tf\ns = tf.Session()\n"
HARD, RESET = "keras.ops.clip(0.2 * x + 0.5", "reset_after=False"


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("LSTM(3)", [HARD]),
        ("LSTMCell(3, 'tanh', 'hard_sigmoid')", [HARD]),
        ("ConvLSTM2D(3, 2)", [HARD]),
        ("GRU(3, recurrent_activation='sigmoid')", [RESET]),
        ("GRUCell(3)", [HARD, RESET]),
    ],
)
def test_gates_that_become_others_are_found(tmp_path, code, parts):
    text = f"{HEAD}y = tf.keras.layers.{code}\n"
    (finding,) = scanned.findings(tmp_path, text, "TFR031")
    assert [each for each in (HARD, RESET) if each in finding.replacement] == parts


@pytest.mark.parametrize(
    "code",
    [
        "LSTM(3, recurrent_activation='sigmoid')",
        "LSTM(3, **given)",
        "GRU(3, 'tanh', 'sigmoid', reset_after=True)",
        "SimpleRNN(3)",
    ],
)
def test_gates_that_stay_are_not_found(tmp_path, code):
    assert scanned.findings(tmp_path, f"{HEAD}y = tf.keras.layers.{code}\n", "TFR031") == []


def test_a_file_of_tensorflow_2_is_left_alone(tmp_path):
    text = "import tensorflow as tf\ny = tf.keras.layers.GRU(3)\n"
    assert scanned.findings(tmp_path, text, "TFR031") == []
