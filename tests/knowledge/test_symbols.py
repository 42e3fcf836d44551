"""Tests what the package knows of vanished names."""

import pytest

from tf_recipes.knowledge import names, signatures, symbols


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("tf.Session", "tf.Session"),
        ("tf.Session.run", "tf.Session"),
        ("tf.contrib.no_such_module.f", "tf.contrib"),
        ("tf.layers.dense", "tf.layers"),
        ("tf.app.flags.DEFINE_integer", "tf.app"),
        ("tf.flags.FLAGS", "tf.flags"),
        ("tf.mul", "tf.mul"),  # of TensorFlow 0.x
        ("tf.train.SummaryWriter", "tf.train.SummaryWriter"),
        ("tf.examples.tutorials.mnist.input_data", "tf.examples"),
        ("tf.data.Iterator.from_structure", "tf.data.Iterator.from_structure"),
        ("tf.compat.v1.contrib.layers", "tf.compat.v1.contrib"),
        ("tf.compat.v1.layers.dense", "tf.compat.v1.layers"),
        ("tf.keras.layers.CuDNNLSTM", "tf.keras.layers.CuDNNLSTM"),
    ],
)
def test_a_vanished_name(name, lost):
    assert symbols.first_vanished(name) == lost


@pytest.mark.parametrize(
    "name",
    [
        "tf",
        "tf.nn",
        "tf.nn.relu",
        "tf.__version__",
        "tf.data.Dataset.from_tensor_slices",
        "tf.Variable",
        "tf.compat.v1.Session",
        "tf.compat.v1.app.flags.DEFINE_integer",
        "tf.keras.layers.Dense",
        "tf.python.framework.ops",
    ],
)
def test_a_name_that_lives_or_is_private(name):
    assert symbols.first_vanished(name) is None


def test_one_object_has_one_canonical_name():
    assert symbols.canonical("tf.contrib.slim.conv2d") == "tf.contrib.layers.conv2d"
    assert symbols.canonical("tf.contrib.rnn.GRUCell") == "tf.nn.rnn_cell.GRUCell"
    assert symbols.canonical("tf.compat.v1.nn.dropout") == "tf.nn.dropout"


def test_the_index_names_what_takes_the_place():
    assert "fully_connected" in symbols.replacement("tf.contrib.slim.fully_connected").replacement
    assert symbols.replacement("tf.flags.DEFINE_bool").replacement == "`absl.flags`"
    assert "mnist" in symbols.replacement("tf.examples.tutorials.mnist.input_data").replacement
    assert symbols.replacement("tf.no_such_name") is None


def test_the_tables_are_whole():
    assert len(names.rows()) > 1300
    assert len(symbols.vanished()) > 2900
    assert len(symbols.living()) > 130
    assert signatures.of_tf1()["tf.nn.dropout"]["keep_prob"] == "None"
    assert signatures.changed()["tf.argmax"][0][:2] == ["input", "axis"]
