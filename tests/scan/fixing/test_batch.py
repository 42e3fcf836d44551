"""Tests that rewritten files of the chapter's code reproduce what TF 1.15 recorded in traces."""

import importlib.util
import shutil
from pathlib import Path

import keras
import pytest

import tf_recipes
from tf_recipes.parity import comparison, references, replay, trace
from tf_recipes.scan.fixing import batch, documents, fixer

ORIGINALS = Path(tf_recipes.__file__).parent / "originals"
OPTIMIZERS = """\
import tensorflow as tf


def gradient_descent(rate, step):
    return tf.train.GradientDescentOptimizer(rate)


def momentum(rate, step):
    return tf.train.MomentumOptimizer(rate, 0.9)


def adam(rate, step):
    return tf.train.AdamOptimizer(rate)


def momentum_decay(rate, step):
    decayed = tf.train.exponential_decay(rate, step, 20, 0.5)
    return tf.train.MomentumOptimizer(decayed, 0.9)
"""


SCOPED = """\
import tensorflow as tf


def network(X, n_hidden1, n_hidden2, n_outputs):
    fully_connected = tf.contrib.layers.fully_connected
    with tf.variable_scope("hidden"):  # both
        hidden1 = fully_connected(X, n_hidden1, scope="hidden1")
        with tf.variable_scope("inner", values=[hidden1]) as scope:
            width = hidden1.get_shape()[1].value
            hidden2 = fully_connected(tf.reshape(hidden1, [-1, width]), n_hidden2, scope="hidden2")
    return fully_connected(hidden2, n_outputs, activation_fn=None, scope="outputs")
"""


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    """The rewritten modules `dense`, `optimizers` and `scoped`."""
    folder = tmp_path_factory.mktemp("code")
    shutil.copy(ORIGINALS / "dense.py", folder)
    (folder / "optimizers.py").write_text(OPTIMIZERS)
    (folder / "scoped.py").write_text(SCOPED)
    outcome = batch.fix([str(folder)])
    assert len(outcome.changed) == 3 and not outcome.problems and not outcome.notes
    modules = []
    for name in ("dense", "optimizers", "scoped"):
        text = (folder / f"{name}.py").read_text()
        assert "contrib" not in text and "tf.train" not in text and "variable_scope" not in text
        spec = importlib.util.spec_from_file_location(f"fixed_{name}", folder / f"{name}.py")
        modules.append(importlib.util.module_from_spec(spec))
        spec.loader.exec_module(modules[-1])
    return modules


@pytest.mark.parametrize(
    ("name", "net"),
    [
        ("gradient_descent", 0),
        ("momentum", 0),
        ("momentum", 2),
        ("adam", 0),
        ("momentum_decay", 0),
    ],
)
def test_the_rewritten_code_reproduces_its_trace(name, net, fixed, monkeypatch):
    network, optimizers = fixed[net].network, fixed[1]
    reference = trace.load(references.RECORDED / f"{name}.npz")

    def build(recipe, port, **compile_arguments):
        inputs = keras.Input((784,))
        model = keras.Model(inputs, network(inputs, *recipe.hidden, 10))
        rate = recipe.optimizer_arguments()["learning_rate"]
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(getattr(optimizers, name)(rate, None), loss, **compile_arguments)
        return model

    monkeypatch.setattr(replay.models, "build", build)
    found = comparison.compare(reference, "fixed", replay.replay(reference, "exact"))
    assert found.passed, found.worst


def test_a_file_that_fails_is_named_and_the_others_are_rewritten(tmp_path, monkeypatch):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.py").write_text("import tensorflow as tf\ny = tf.log(1)\n")
    (tmp_path / "d.py").write_bytes(b"x = '\xff'\n")
    fix, write = fixer.fix, documents.write

    def failing(path, *arguments):
        if path.endswith("a.py"):
            raise KeyError("odd\n node")
        return fix(path, *arguments)

    def refusing(document, text):
        if document.path.endswith("b.py"):
            raise OSError(28, "No space left on device")
        write(document, text)

    monkeypatch.setattr(fixer, "fix", failing)
    monkeypatch.setattr(documents, "write", refusing)
    outcome = batch.fix([str(tmp_path)])
    assert outcome.changed == [str(tmp_path / "c.py")]
    assert "+y = tf.math.log(1)" in outcome.diffs[0]
    reasons = {Path(each.path).name: each.reason for each in outcome.problems}
    assert reasons["a.py"].startswith("it cannot be rewritten (KeyError: ")
    assert reasons["b.py"] == "it cannot be written (No space left on device)"
    assert reasons["d.py"].startswith("its encoding is wrong") and len(reasons) == 3
    assert "tf.log(1)" in (tmp_path / "b.py").read_text()
