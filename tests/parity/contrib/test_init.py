"""Compares each part of the replacement of `tensorflow.contrib` with real TensorFlow 1.15.5.

test_compat.py compares whole trainings with recorded traces.
"""

import importlib.util
import inspect
import json
from pathlib import Path

import pytest

from lab.documentation.defaults import table
from tf_recipes.parity import contrib
from tf_recipes.parity.tf1 import compat

FOLDER = Path(__file__).parent
PARTS = sorted({*FOLDER.glob("test_*.py")} - {Path(__file__)})
RECORDED = json.loads(table.RECORDED.read_text())["signatures"]


def snippets():
    """Returns `{name: (code, result on TF 1.15.5)}` of the other files in this folder."""
    found = {}
    for path in PARTS:
        spec = importlib.util.spec_from_file_location(f"{path.stem}_snippets", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.update(module.SNIPPETS)
    return found


SNIPPETS = snippets()
PRELUDE = """
import json
import numpy as np
import tensorflow as tf

layers, image, scope = tf.contrib.layers, tf.contrib.image, tf.contrib.framework.arg_scope
X = tf.constant(np.arange(12.0).reshape(6, 2)[:, ::-1] ** 2 / 9, tf.float32)
X = tf.concat([X, tf.sin(X), tf.ones((6, 1))], axis=1)

def names():
    return [v.op.name for v in tf.global_variables()]

def total(tensor):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return round(float(session.run(tf.reduce_sum(tensor))), 3)

def refused(call):
    try:
        call()
    except (TypeError, ValueError) as error:
        return True
    return False
"""


def code(name):
    """Returns a snippet as a program that prints the snippet's result."""
    return f"{PRELUDE}{SNIPPETS[name][0]}\nprint(json.dumps(found))\n"


@pytest.mark.parametrize("name", SNIPPETS)
def test_in_the_installed_tensorflow(name, capsys):
    compat.run(code(name), name)
    assert json.loads(capsys.readouterr().out) == SNIPPETS[name][1]


@pytest.fixture(scope="module")
def printed_by_tf1(run_on_tf1):
    """Returns `{name: what the snippet prints}` on real TensorFlow 1.15."""
    return run_on_tf1({name: code(name) for name in SNIPPETS})


@pytest.mark.parametrize("name", SNIPPETS)
def test_on_real_tf1(name, printed_by_tf1):
    assert json.loads(printed_by_tf1[name]) == SNIPPETS[name][1]


@pytest.mark.parametrize("name", vars(contrib.namespace().layers))
def test_arguments_and_their_order_are_tf1s(name):
    function = getattr(contrib.namespace().layers, name)
    assert list(inspect.signature(function).parameters) == list(
        RECORDED[f"tf.contrib.layers.{name}"]
    )
