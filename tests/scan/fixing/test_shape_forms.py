"""Tests that shapes are asked for in Keras' way, in functions that become Keras."""

import keras
import pytest

from tf_recipes.scan.fixing import fixer

HEAD = "import tensorflow as tf\n\n\n"
SESSION = "s = tf.Session()\n\n\n"  # what shows that the file is TF1's


def fixed(code):
    return fixer.fixed_text(HEAD + SESSION + code)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x.get_shape()[1].value", "x.shape[1]"),
        ("x.shape[-1].value", "x.shape[-1]"),
        ("(net.out).get_shape( )[i + 1].value * 2", "(net.out).shape[i + 1] * 2"),
        ("(x.shape[1].value)", "(x.shape[1])"),
    ],
)
def test_an_axis_of_a_shape_is_a_number(before, after):
    code = f"def size(x, net, i):\n    # the size\n    return {before}  # a number\n"
    assert fixed(code) == HEAD + SESSION + code.replace(before, after)
    assert fixed(code.replace(before, after)) == HEAD + SESSION + code.replace(before, after)


def test_other_forms_change_with_the_function_alone():
    """Keras' tensors have a tuple, and no `get_shape`."""
    sizes = "x.get_shape().as_list(), x.shape.as_list()[1], x.get_shape().ndims, x.get_shape()[0]"
    code = f"def sizes(x):\n    return {sizes}\n"
    assert fixed(code) == HEAD + SESSION + code
    code = f"def sizes(x):\n    x = tf.layers.dense(x, 3)\n    return {sizes}\n"
    made = fixed(code)
    assert "return list(x.shape), list(x.shape)[1], len(x.shape), x.shape[0]\n" in made
    space = {}
    exec(made.replace(SESSION, ""), space)
    assert space["sizes"](keras.Input((5,))) == ([None, 3], 3, 2, None)


@pytest.mark.parametrize(
    "code",
    [
        "def size(x):\n    w = tf.get_variable('w', [3])\n    return w * x.shape[1].value\n",
        "def size(x):\n    return x.value, x.shape.value, x.sizes[1].value\n",
        "class Grid:\n    def get_shape(self):\n        return self.grid\n\n"
        "    def both(self, x):\n        return tf.layers.dense(x, 3), self.get_shape()\n",
    ],
)
def test_what_is_no_axis_or_stays_tf1s_stays(code):
    made = fixed(code)
    assert "self.get_shape()" in made if "Grid" in code else made == HEAD + SESSION + code


def test_a_function_with_a_session_in_it_keeps_tf1s_idiom(tmp_path):
    code = "def net(x, s):\n    y = tf.layers.dense(x, 3)\n    return y.eval(session=s)\n"
    assert fixed(code) == HEAD + SESSION + code
    path = tmp_path / "a.py"
    path.write_text(HEAD + code)
    assert any("because of .eval()" in each for each in fixer.fix(str(path)).notes)
