"""Tests that the replacement of a finding is code with the arguments of the call."""

import ast

import pytest

from tf_recipes.scan import scanner

HEAD = "import tensorflow as tf\nimport tensorflow.contrib.slim as slim\n"


def replacements(tmp_path, code, rule="TFR001"):
    """`{what is replaced: what is written for it}` of a program's findings of one rule."""
    path = tmp_path / "a.py"
    path.write_text(HEAD + code)
    report = scanner.scan([str(path)], codes=[rule], workers=1)
    assert not report.problems
    return {
        each.text[each.column - 1 : each.column - 1 + each.width]: each.replacement
        for each in report.findings
    }


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("tf.layers.dense(x, 100, tf.nn.relu)", 'keras.layers.Dense(100, activation="relu")(x)'),
        (
            "tf.layers.dense(x, 3, kernel_initializer=tf.truncated_normal_initializer())",
            "keras.layers.Dense(3, "
            "kernel_initializer=keras.initializers.TruncatedNormal(stddev=1.0))(x)",
        ),
        (
            "slim.conv2d(x, 8, [3, 3], stride=2)",
            'keras.layers.Conv2D(8, [3, 3], strides=2, padding="same", activation="relu", '
            "kernel_initializer=tf_recipes.xavier_init())(x)",
        ),
        (
            "tf.train.AdamOptimizer(rate, beta1=0.5)",
            "tf_recipes.Adam(rate, beta_1=0.5, beta_2=0.999, epsilon=1e-08)",
        ),
        ("tf.log(x + 1)", "keras.ops.log(x + 1)"),
        ("tf.gfile.Exists(path)", "tf.io.gfile.exists(path)"),
        (
            "tf.app.flags.DEFINE_integer('n', 3, 'steps')",
            "absl.flags.DEFINE_integer('n', 3, 'steps')",
        ),
    ],
)
def test_a_call_is_written_out(call, expected, tmp_path):
    found = replacements(tmp_path, f"y = {call}\n")
    assert found[call.partition("(")[0]] == expected


def test_arguments_of_arg_scope_and_partial_count(tmp_path):
    code = (
        "import functools\n"
        "with slim.arg_scope([slim.conv2d], padding='VALID', activation_fn=tf.nn.elu):\n"
        "    y = slim.conv2d(x, 8, 3)\n"
        "dense = functools.partial(tf.layers.dense, activation=tf.tanh)\n"
        "z = dense(x, 5)\n"
    )
    found = replacements(tmp_path, code)
    assert 'padding="valid", activation=tf_recipes.elu' in found["slim.conv2d"]
    assert found["dense"] == 'keras.layers.Dense(5, activation="tanh")(x)'


def test_what_no_rewrite_knows_keeps_the_words_of_the_index(tmp_path):
    found = replacements(tmp_path, "tf.layers.dense(*x)\ntf.image.resize_images(x, [2, 2])\n")
    assert found["tf.layers.dense"] == "keras.layers.Dense"
    assert (
        "corners" in found["tf.image.resize_images"] or "compat" in found["tf.image.resize_images"]
    )  # tf.image.resize of TensorFlow 2 is another function


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("tf.reduce_mean(x, 1, keep_dims=True)", "tf.reduce_mean(x, 1, keepdims=True)"),
        ("tf.squeeze(x, squeeze_dims=[0])", "tf.squeeze(x, axis=[0])"),
        (
            "tf.nn.conv2d(x, w, [1, 1, 1, 1], 'SAME', True, 'NHWC')",
            "tf.nn.conv2d(x, w, [1, 1, 1, 1], 'SAME', data_format='NHWC')",
        ),
        (
            "tf.nn.max_pool(value=x, ksize=2, strides=2, padding='SAME')",
            "tf.nn.max_pool(input=x, ksize=2, strides=2, padding='SAME')",
        ),
        ("tf.constant(1.0, None, [3], 'k', True)", "tf.constant(1.0, None, [3], 'k')"),
        ("tf.nn.dropout(x, keep_prob=k)", "tf.nn.dropout(x, rate=1 - k)"),
        ("tf.nn.embedding_lookup(x, y, 'div')", "tf.nn.embedding_lookup(x, y)"),
        (
            "tf.nn.softmax_cross_entropy_with_logits(x, y)",
            "tf.nn.softmax_cross_entropy_with_logits(logits=x, labels=y)",
        ),
        ("tf.transpose(x, [1, 0], 'n')", "tf.transpose(x, [1, 0], name='n')"),
    ],
)
def test_a_changed_call_is_written_for_tensorflow_2(call, expected, tmp_path):
    found = replacements(tmp_path, f"s = tf.Session()\ny = {call}\n", "TFR003")
    assert found == {call: expected}
    ast.parse(expected)


@pytest.mark.parametrize(
    "call",
    [
        "tf.nn.conv2d(x, w, 1, 'SAME')",
        "tf.nn.max_pool(x, 2, 2, 'SAME')",
        "tf.nn.conv2d_transpose(x, w, [1, 2, 2, 1], 2)",
    ],
)
def test_an_argument_by_position_that_is_only_called_otherwise_is_no_finding(call, tmp_path):
    assert replacements(tmp_path, f"s = tf.Session()\ny = {call}\n", "TFR003") == {}


def test_l2_loss_is_a_trap_in_code_of_tf1_alone(tmp_path):
    code = "loss = tf.nn.l2_loss(weights)\n"
    assert "square(weights)" in replacements(tmp_path, code, "TFR017")["tf.nn.l2_loss(weights)"]
    path = tmp_path / "b.py"
    path.write_text(f"import tensorflow as tf\n{code}")
    assert scanner.scan([str(path)], codes=["TFR017"], workers=1).findings == []
