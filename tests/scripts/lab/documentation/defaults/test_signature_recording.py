import json

import pytest

from lab.documentation.defaults import signature_recording, table
from tf_recipes.parity.tf1 import interpreter


def test_what_ships_is_what_tf1_says(tf1_python):
    found = signature_recording.record(tf1_python, table.recorded_names())
    assert found == table.recorded()
    assert found["tensorflow"] == "1.15.5"


def test_signatures_as_in_tf1s_documentation():
    signatures = table.recorded()["signatures"]
    assert signatures["tf.train.AdamOptimizer"] == {
        "learning_rate": "0.001",
        "beta1": "0.9",
        "beta2": "0.999",
        "epsilon": "1e-08",
        "use_locking": "False",
        "name": "'Adam'",
    }
    connected = signatures["tf.contrib.layers.fully_connected"]
    assert connected["inputs"] is None
    assert connected["activation_fn"] == "tf.nn.relu"
    assert connected["weights_initializer"] == "tf.contrib.layers.xavier_initializer()"
    assert connected["biases_initializer"] == "tf.initializers.zeros()"
    assert signatures["tf.initializers.zeros"] == {"dtype": "tf.float32"}


def test_a_run_that_fails_ends_with_tf1s_last_line(script):
    python = script(
        "python", "cat > /dev/null; echo Traceback >&2; echo 'KeyError: no' >&2; exit 1"
    )
    with pytest.raises(interpreter.TF1Error) as raised:
        signature_recording.record(python, ["tf.nn.relu"])
    assert str(raised.value) == f"TensorFlow 1.15 failed under {python}: KeyError: no"


def test_one_that_dies_without_a_word(script):
    python = script("python", "cat > /dev/null; exit 3")
    with pytest.raises(interpreter.TF1Error, match=r"failed under .*: status 3$"):
        signature_recording.record(python, ["tf.nn.relu"])


FOUND = {"tensorflow": "1.15.5", "public": {"tf.nn": ["relu"]}, "signatures": {"tf.nn.relu": {}}}


def test_the_file_has_a_line_for_each_name(script, tmp_path):
    python = script("python", f"cat > {tmp_path}/names; echo '{json.dumps(FOUND)}'")
    signature_recording.write(python, tmp_path / "signatures.json")
    text = (tmp_path / "signatures.json").read_text()
    assert json.loads(text) == FOUND
    assert '"tf.nn": ["relu"]\n' in text
    assert json.loads((tmp_path / "names").read_text()) == table.recorded_names()


def test_a_run_that_fails_leaves_the_file_as_it_is(script, tmp_path):
    (tmp_path / "signatures.json").write_text("before")
    python = script("python", "cat > /dev/null; exit 3")
    with pytest.raises(interpreter.TF1Error):
        signature_recording.write(python, tmp_path / "signatures.json")
    assert (tmp_path / "signatures.json").read_text() == "before"
