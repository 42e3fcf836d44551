"""Tests which blocks of `tf.variable_scope` become `keras.name_scope`, and which stay."""

import textwrap

import keras
import pytest

import scanned
from tf_recipes.scan.fixing import fixer

HEAD = "import tensorflow as tf\n\n\n"
LAYER = "y = tf.layers.dense(x, 3)"


def fixed(code):
    return fixer.fixed_text(HEAD + textwrap.dedent(code))


def notes(tmp_path, code):
    return scanned.notes(tmp_path, HEAD + textwrap.dedent(code))


def net(head, body="y = tf.layers.dense(x, 3)", arguments="x"):
    return f"def net({arguments}):\n    {head}:\n        {body}\n    return y\n"


def test_variables_keep_the_paths_that_they_had():
    """TF1's variables are `a/fc/kernel` and `b/fc2/kernel`, as TF 1.15 prints."""
    space = {}
    code = """
    def net(x):
        with tf.variable_scope('a'):
            x = tf.layers.dense(x, 3, name='fc')
        with tf.variable_scope('b'):
            return tf.layers.dense(x, 3, name='fc2')
    """
    exec(fixed(code), space)
    inputs = keras.Input((2,))
    model = keras.Model(inputs, space["net"](inputs))
    assert [each.path for each in model.weights[::2]] == ["a/fc/kernel", "b/fc2/kernel"]


@pytest.mark.parametrize(
    ("before", "after", "arguments"),
    [
        ("'a'", "'a'", "x"),
        ("'a', values=[x]", "'a'", "x"),
        ("'a', None, [x], auxiliary_name_scope=False", "'a'", "x"),
        ("None, 'a', [x]", "'a'", "x"),
        ("name_or_scope='a', reuse=False, use_resource=True", "'a'", "x"),
        ("'a%d' % n", "'a%d' % n", "x, n"),
        ("f'a{n}'", "f'a{n}'", "x, n"),
        ("name", "name", "x, name"),
        ("scope", "scope", "x, scope='a'"),
        ("name, 'a', [x]", "name or 'a'", "x, name=None"),
    ],
)
def test_a_scope_that_only_names_becomes_one_of_keras(before, after, arguments):
    made = fixed(net(f"with tf.variable_scope({before})", arguments=arguments))
    assert f"    with keras.name_scope({after}):\n        y = keras.layers.Dense(3)(x)\n" in made


def test_comments_layout_and_the_other_items_of_a_block_stay():
    made = fixed(
        """
        def net(x):
            # before
            with tf.device('cpu'), tf.variable_scope('a',  # in the head
                                                     values=[x]) as scope:  # behind

                y = tf.layers.dense(x, 3)  # inside
                # the end
            return y
        """
    )
    for comment in ("# before", "# in the head", "# behind", "# inside", "# the end"):
        assert made.count(comment) == 1
    assert "with tf.device('cpu'), keras.name_scope('a') as scope:  # behind\n\n" in made


STAYS = {
    "reuse": (net("with tf.variable_scope('a', reuse=reuse)", arguments="x, reuse"), "reuse"),
    "initializer": (
        net("with tf.variable_scope('a', initializer=tf.zeros_initializer())"),
        "initializer=tf.zeros_initializer() has no counterpart",
    ),
    "regularizer": (
        net("with tf.variable_scope('a', regularizer=decay)", arguments="x, decay"),
        "regularizer=decay has no counterpart",
    ),
    "get_variable": (
        net("with tf.variable_scope('a')", f"{LAYER}; w = tf.get_variable('w', [3])"),
        "tf.get_variable",
    ),
    "get_variable of a function that is called": (
        "def make():\n    return tf.get_variable('w', [3])\n\n\n"
        "def both():\n    return make()\n\n\n"
        + net("with tf.variable_scope('a')", f"{LAYER} * both()"),
        "both makes variables by their names",
    ),
    "the scope of other variables": (
        net("with tf.variable_scope(scope)", arguments="x, scope"),
        "scope may be the scope of other variables",
    ),
    "the result of a call": (
        net("with tf.variable_scope(scope())", arguments="x, scope"),
        "scope() may be the scope of other variables",
    ),
    "a slash": (net("with tf.variable_scope('a/b')"), "'a/b' is empty or has a slash"),
    "no text": (net("with tf.variable_scope('')"), "'' is empty or has a slash"),
    "the object": (
        net("with tf.variable_scope('a') as s", f"{LAYER}; print(s.name)"),
        "the scope is used as an object",
    ),
    "no block": (
        "def net(x):\n    s = tf.variable_scope('a')\n    return tf.layers.dense(x, 3), s\n",
        "it is no block",
    ),
    "one name of two layers": (
        "def net(x):\n    with tf.variable_scope('a'):\n"
        "        x = tf.layers.dense(x, 3, name='fc')\n    with tf.variable_scope('b'):\n"
        "        return tf.layers.dense(x, 3, name='fc')\n",
        "a layer of another scope is called 'fc', too",
    ),
    "a named layer under several names": (
        net("with tf.variable_scope(name)", "y = tf.layers.dense(x, 3, name='fc')", "x, name"),
        "its layer 'fc' may be made under several names",
    ),
}


@pytest.mark.parametrize(("code", "why"), STAYS.values(), ids=STAYS)
def test_a_scope_that_does_more_stays_and_is_named(code, why, tmp_path):
    assert fixed(code) == HEAD + code
    assert any(why in each for each in notes(tmp_path, code))


def test_a_scope_around_ported_functions_alone_becomes_one_of_keras():
    """The layers of `other` stay TF1's, and need the scope's name; those of `block` do not."""
    code = """
    def block(x):
        return tf.layers.dense(x, 3)


    def other(x):
        return tf.layers.dense(x, 3) * tf.placeholder(tf.float32)


    def net(x):
        with tf.variable_scope('a'):
            return block(x)


    def second(x):
        with tf.variable_scope('b'):
            return other(x)


    def third(x, given):
        with tf.variable_scope('c'):
            return given(x)
    """
    made = fixed(code)
    assert "with keras.name_scope('a'):" in made
    assert "with tf.variable_scope('b'):" in made and "with tf.variable_scope('c'):" in made
