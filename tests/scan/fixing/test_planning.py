"""Tests what keeps a function in TF1's idiom though all its names live."""

import pytest

import scanned
from tf_recipes.scan.fixing import fixer

HEAD = "import tensorflow as tf\n\n\ndef net(x, c, sess, opt):\n    y = tf.layers.dense(x, 3)\n"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("return tf.where(c, y, x)", "tf.where"),
        ("return tf.image.resize(x, [3, 3]) + y", "tf.image.resize"),
        ("return tf.gradients(y, x)", "tf.gradients"),
        ("return tf.nn.embedding_lookup([c, y], x)", "tf.nn.embedding_lookup"),
        ("return sess.run(y)", ".run()"),
        ("return opt.apply_gradients(y, global_step=c)", ".apply_gradients()"),
        ("return opt.minimize(y)", ".minimize()"),
        (
            "w = tf.random_normal_initializer()\n"
            "    return tf.layers.dense(tf.layers.dense(y, 3, kernel_initializer=w), 3, None,\n"
            "                           kernel_initializer=w)",
            "tf.random_normal_initializer",
        ),
        (
            "return tf.layers.dense(y, 3, kernel_initializer=tf.random_normal_initializer)",
            "tf.random_normal_initializer",
        ),
        (
            "return tf.layers.dense(y, 3, kernel_initializer=tf.initializers.random_uniform)",
            "tf.initializers.random_uniform",
        ),
    ],
)
def test_what_would_mean_another_thing_keeps_a_function(tmp_path, code, reason):
    text = f"{HEAD}    {code}\n"
    (note,) = scanned.notes(tmp_path, text)
    assert note.startswith("net (line 4) keeps TF1's idiom, because of ") and reason in note
    assert "keras" not in fixer.fixed_text(text)


@pytest.mark.parametrize(
    "code",
    [
        "return tf.where(y > 0, y, tf.zeros_like(y))",
        "return tf.layers.dense(y, 3, kernel_initializer=tf.random_normal_initializer())",
        "return tf.reduce_sum(y, keep_dims=True)",
    ],
)
def test_what_means_the_same_does_not(code):
    assert "keras.layers.Dense(3" in fixer.fixed_text(f"{HEAD}    {code}\n")
