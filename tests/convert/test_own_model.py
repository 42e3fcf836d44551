"""Fills models that a person wrote, by the map of a verification."""

import json

import keras
import numpy as np
import pytest

from tf_recipes.convert import conversion
from tf_recipes.convert.reports import conversion_schema


def port(units=(8, 3), activation="relu", names=("one", "two")):
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(units[0], activation, name=names[0]),
            keras.layers.Dense(units[1], name=names[1]),
        ]
    )


def test_a_model_that_is_not_compiled_is_filled_and_saved(nets, tmp_path):
    model = port()
    done = conversion.convert(nets["trained"], tmp_path / "out", model=model)
    assert done.passed and done.model is model and done.source is None
    assert done.document["model"] == "Sequential"
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"model.keras", "conversion.json", "conversion.html"}
    saved = keras.saving.load_model(tmp_path / "out" / "model.keras")
    np.testing.assert_array_equal(saved.layers[0].kernel, model.layers[0].kernel)
    first = done.document["variables"][0]
    assert first["tf1"] == ["dnn/hidden1/kernel"] and first["keras"].endswith("one/kernel")
    assert conversion_schema.owned(done.document)["two"] == ["dnn/out/kernel", "dnn/out/bias"]
    assert "Its training was not compared" in done.document["notes"][0]


def test_a_model_of_a_file(nets, tmp_path):
    (tmp_path / "port.py").write_text(
        "import keras\n\n\ndef build():\n    x = keras.Input((4,), name='x')\n"
        "    h = keras.layers.Dense(8, 'relu')(x)\n    return keras.Model(x, "
        "keras.layers.Dense(3)(h))\n"
    )
    done = conversion.convert(nets["net"], model=f"{tmp_path / 'port.py'}:build")
    assert done.passed and done.document["model"].endswith("port.py:build")


def test_a_port_that_computes_something_else_is_written_and_differs(nets, tmp_path):
    done = conversion.convert(nets["net"], tmp_path / "out", model=port(activation="tanh"))
    assert not done.passed
    document = json.loads((tmp_path / "out" / "conversion.json").read_text())
    assert document["passed"] is False and document["predictions"][0]["ratio"] > 10


def test_layers_of_one_shape_are_told_by_their_predictions(checkpoints, layer):
    def build(v1):
        x = v1.placeholder("float32", [None, 4], name="x")
        hidden = layer(v1, layer(v1, x, 4, "b", v1.nn.relu), 4, "a", v1.nn.tanh)
        v1.identity(hidden, name="y")

    x = keras.Input((4,))
    last = keras.layers.Dense(4, "tanh", name="q")
    first = keras.layers.Dense(4, "relu", name="p")
    model = keras.Model(x, last(first(x)))
    done = conversion.convert(checkpoints.save("alike", build), model=model)
    assert done.passed
    owned = {each["keras"]: each["tf1"] for each in done.document["variables"]}
    assert owned["p/kernel"] == ["b/kernel"] and owned["q/kernel"] == ["a/kernel"]


def test_a_map_and_a_transpose(nets, fails):
    class Turned(keras.layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(8, shape[-1]), name="kernel")
            self.bias = self.add_weight(shape=(8,), name="bias")

        def call(self, x):
            return keras.ops.relu(keras.ops.matmul(x, keras.ops.transpose(self.kernel)) + self.bias)

    def build():
        x = keras.Input((4,))
        return keras.Model(x, keras.layers.Dense(3, name="two")(Turned(name="one")(x)))

    with fails(
        "left over of TF1 'dnn/hidden1/kernel' (4, 8)",
        "and of the model 'one/kernel' (8, 4)",
        "variable_map={'dnn/hidden1/kernel': 'transpose:one/kernel'",
    ):
        conversion.convert(nets["net"], model=build)
    given = {"dnn/hidden1/kernel": "transpose:one/kernel"}
    done = conversion.convert(nets["net"], model=build, variable_map=given)
    assert done.passed
    transforms = {each["keras"]: each["transform"] for each in done.document["variables"]}
    assert transforms["one/kernel"] == "transpose"


def test_a_recurrent_layer(checkpoints):
    rng = np.random.RandomState(0)
    x = keras.Input((None, 3))
    model = keras.Model(x, keras.layers.LSTM(5, name="rnn")(x))

    def build(v1):
        import tensorflow as tf

        inputs = v1.placeholder("float32", [None, 4, 3], name="x")
        kernel = v1.get_variable("rnn/lstm_cell/kernel", [8, 20])
        bias = v1.get_variable("rnn/lstm_cell/bias", [20])
        state = output = v1.zeros_like(inputs[:, 0, :1]) * v1.ones([1, 5])
        for step in range(4):
            gates = v1.matmul(v1.concat([inputs[:, step], output], 1), kernel)
            i, j, f, o = tf.raw_ops.Split(axis=1, value=v1.nn.bias_add(gates, bias), num_split=4)
            state = v1.sigmoid(f + 1.0) * state + v1.sigmoid(i) * v1.tanh(j)
            output = v1.sigmoid(o) * v1.tanh(state)
        v1.identity(output, name="y")

    rows = rng.standard_normal((3, 4, 3)).astype("f4")
    done = conversion.convert(checkpoints.save("lstm", build), model=model, feeds={"x": rows})
    assert done.passed


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"model": lambda: port((7, 3))}, ("'dnn/hidden1/kernel' (4, 8)", "one/kernel' (4, 7)")),
        ({"model": lambda: port((7, 3))}, ("Every variable must have a counterpart", "Change the")),
        ({"model": lambda: None}, ("must return a compiled Keras model.", "NoneType")),
        ({"model": "none.py:build"}, ("`model` must name a file.",)),
        ({"model": "port"}, ("must be FILE.py:FUNCTION",)),
        (
            {"model": port, "variable_map": {"nope": "one/kernel"}},
            ("A map must join a variable of the graph", "'nope'"),
        ),
        ({"model": port, "outputs": ["logits", "x"]}, ("must have the outputs of the graph.",)),
        ({"variable_map": {}}, ("A map must go with a model of your own.",)),
    ],
)
def test_what_does_not_fit_is_refused(settings, parts, nets, tmp_path, fails):
    with fails(*parts):
        conversion.convert(nets["net"], tmp_path / "out", **settings)
    assert list(tmp_path.iterdir()) == []
