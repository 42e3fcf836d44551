"""Tests which schedules count the same steps in Keras as in TF1."""

import pytest

from tf_recipes.scan.fixing import fixer

HEAD = """import tensorflow as tf


def other(step, rate):
    return rate * step


def optimizer(step, epoch):
    count = tf.Variable({start}, trainable=False)
    rate = tf.train.exponential_decay(0.1, {step}, 100, 0.9)
    return tf.train.GradientDescentOptimizer(rate)
"""


@pytest.mark.parametrize(
    ("start", "step"),
    [
        ("0", "50"),
        ("0", "epoch"),
        ("0", "tf.placeholder(tf.int32)"),
        ("100", "count"),
        ("initial_value=7", "count"),
        ("0", "step * 64"),
    ],
)
def test_another_count_than_that_of_steps_stays(start, step):
    text = HEAD.format(start=start, step=step)
    assert fixer.fixed_text(text) == text


@pytest.mark.parametrize(
    ("start", "step"), [("0", "step"), ("0", "count"), ("0", "tf.cast(count, tf.float32)")]
)
def test_the_count_of_steps_is_a_schedule(start, step):
    """Another function has another variable of the same name."""
    made = fixer.fixed_text(HEAD.format(start=start, step=step))
    assert "rate = tf_recipes.exponential_decay(0.1, decay_steps=100, decay_rate=0.9" in made


def test_a_schedule_whose_step_never_rises_stays():
    """TF1's rate stays 0.1 then, and Keras' would decay."""
    head = HEAD.format(start=0, step="tf.train.get_or_create_global_step()")
    assert "tf_recipes.exponential_decay(" in fixer.fixed_text(head)
    text = f"{head}\n\ntrain = optimizer(0, 0).minimize(loss)\n"
    assert "tf_recipes" not in fixer.fixed_text(text)
