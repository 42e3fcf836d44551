"""Tests that a schedule is found whose step nothing raises, and no other."""

import pytest

import scanned

HEAD = "import tensorflow as tf\nstep = tf.Variable(0, trainable=False)\n"
RATE = "rate = tf.train.exponential_decay(0.1, step, 100, 0.5)\n"
OPTIMIZER = "optimizer = tf.train.GradientDescentOptimizer(rate)\n"
REST = [
    "optimizer.minimize(loss)",
    "optimizer.apply_gradients(pairs, name='a')",
    "optimizer.minimize(loss)\nsaver.save(session, 'a', global_step=step)",
    "optimizer.minimize(loss)\ntf.assign_add(other, 1)",
]
RISES = [
    "optimizer.minimize(loss, global_step=step)",
    "optimizer.minimize(loss, step)",
    "optimizer.minimize(loss, **given)",
    "optimizer.apply_gradients(pairs, step)",
    "optimizer.minimize(loss)\ntf.assign_add(step, 1)",
    "optimizer.minimize(loss)\nstep.assign_add(1)",
    "optimizer.minimize(loss)\ntf.contrib.layers.optimize_loss(loss, step, rate, 'SGD')",
    "train(optimizer)",
]


@pytest.mark.parametrize("code", REST)
def test_a_step_at_rest_is_found(tmp_path, code):
    (finding,) = scanned.findings(tmp_path, f"{HEAD}{RATE}{OPTIMIZER}{code}\n", "TFR030")
    assert (finding.line, finding.column) == (3, 8)
    assert finding.replacement == "the constant rate 0.1, for TF1's numbers"


@pytest.mark.parametrize("code", RISES)
def test_a_step_that_may_rise_is_not_found(tmp_path, code):
    assert scanned.findings(tmp_path, f"{HEAD}{RATE}{OPTIMIZER}{code}\n", "TFR030") == []


def test_a_step_that_is_fed_is_not_found(tmp_path):
    text = f"{HEAD}step = tf.placeholder(tf.int32)\n{RATE}{OPTIMIZER}optimizer.minimize(loss)\n"
    assert scanned.findings(tmp_path, text, "TFR030") == []


def test_piecewise_constants_begin_with_the_first(tmp_path):
    rate = "rate = tf.train.piecewise_constant(step, [100], [0.3, 0.1])\n"
    (finding,) = scanned.findings(tmp_path, f"{HEAD}{rate}{OPTIMIZER}{REST[0]}\n", "TFR030")
    assert finding.replacement == "the constant rate 0.3, for TF1's numbers"
