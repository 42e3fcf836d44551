"""Tests that arguments of TF1's Keras which Keras 3 lacks are found; Keras 3 was asked for each."""

import functools

import keras
import numpy as np
import pytest

import scanned
from tf_recipes.scan import scanner

GIVEN = {"keras": keras, "w": np.ones((5, 3)), "c": keras.layers.SimpleRNNCell(3)}
replacements = functools.partial(scanned.replacements, code="TFR003")
TF1 = "import tensorflow as tf\ns = tf.Session()\n"
KERAS = "tf.keras."
REFUSED = {  # TF1's arguments -> what to write
    "optimizers.Adam(lr=0.1)": [f"{KERAS}optimizers.Adam(learning_rate=0.1)"],
    "optimizers.SGD(0.1, decay=1e-3)": [
        "a schedule: learning_rate=keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 0.001)"
    ],
    "layers.Dense(3, weights=[w])": ["layer.set_weights([w]) after the layer is built"],
    "layers.LSTM(3, batch_input_shape=(1, 2, 3))": [
        "keras.Input(batch_shape=(1, 2, 3)) before the layer"
    ],
    "layers.RNN(c, time_major=True)": [f"{KERAS}layers.RNN(c)"],
    "layers.BatchNormalization(fused=True)": [f"{KERAS}layers.BatchNormalization()"],
    "layers.Conv2D(3, 3, 1, 'same', None, 1, 'relu')": [
        f"{KERAS}layers.Conv2D(3, 3, 1, 'same', None, 1, activation='relu')"
    ],
    "initializers.RandomNormal(stddev=0.1, dtype='float32')": [
        f"{KERAS}initializers.RandomNormal(stddev=0.1)"
    ],
    "regularizers.l2(l=0.1)": [f"{KERAS}regularizers.l2(l2=0.1)"],
}
TAKEN = [
    "optimizers.Adam(learning_rate=0.1, clipnorm=1.0)",
    "layers.Dense(3, name='d', dtype='float64', trainable=False)",
    "layers.Embedding(5, 3, weights=[w])",
    "layers.GRU(3, implementation=2)",
    "layers.LSTM(3, return_sequences=True, activity_regularizer='l2')",
    "regularizers.l2(0.1)",
    "losses.SparseCategoricalCrossentropy(from_logits=True)",
]


@pytest.mark.parametrize(("call", "expected"), REFUSED.items(), ids=REFUSED)
def test_what_keras_3_refuses_is_found(tmp_path, call, expected):
    assert replacements(tmp_path, f"{TF1}y = {KERAS}{call}\n") == expected
    # Keras 2 of TensorFlow 2 took it
    assert replacements(tmp_path, f"import tensorflow as tf\ny = {KERAS}{call}\n") == []


@pytest.mark.parametrize("call", [call for call in REFUSED if "decay" not in call])
def test_keras_3_refuses_it(call):
    with pytest.raises((TypeError, ValueError)):
        eval(f"keras.{call}", GIVEN)


def test_keras_3_leaves_decay_out():
    with pytest.warns(UserWarning, match="decay"):
        assert float(keras.optimizers.SGD(0.1, decay=1e-3).learning_rate) == pytest.approx(0.1)


@pytest.mark.parametrize("call", TAKEN)
def test_what_keras_3_takes_is_not_found(tmp_path, call):
    eval(f"keras.{call}", GIVEN)
    assert replacements(tmp_path, f"{TF1}y = {KERAS}{call}\n") == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("tf.Variable(0, collections=[1])", "tf.Variable(0)"),
        ("tf.Variable(0, False, [1])", "tf.Variable(0, False)"),
        ("tf.Variable(0, use_resource=True, name='v')", "tf.Variable(0, name='v')"),
        ("tf.zeros_initializer(dtype=tf.float32)", "tf.zeros_initializer()"),
        ("tf.ones_initializer(tf.float32)", "tf.ones_initializer()"),
        ("tf.Variable(0, trainable=False, dtype=tf.int32, name='step')", None),
        ("tf.zeros_initializer()", None),
    ],
)
def test_classes_whose_call_hides_their_arguments_or_that_take_none(code, expected, tmp_path):
    (tmp_path / "a.py").write_text(f"{TF1}y = {code}\n")
    found = scanner.scan([str(tmp_path / "a.py")], ["TFR003"], workers=1).findings
    assert [each.replacement for each in found] == ([] if expected is None else [expected])


def test_an_argument_that_keras_takes_under_both_names_stays_in_its_place(tmp_path):
    text = "import tensorflow as tf\ns = tf.Session()\ny = tf.keras.layers.LeakyReLU(0.2)\n"
    assert scanned.findings(tmp_path, text, "TFR003") == []
