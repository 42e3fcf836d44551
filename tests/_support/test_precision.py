"""Tests full float32 products on TensorFlow; `parity/test_backends.py` does on JAX and PyTorch."""

import tensorflow as tf

import tf_recipes
from tf_recipes.parity import references, trace
from tf_recipes.parity.replay import replay

enabled = tf.config.experimental.tensor_float_32_execution_enabled
set_tf32 = tf.config.experimental.enable_tensor_float_32_execution


def test_products_are_float32_until_the_end_of_the_block():
    assert enabled()  # TensorFlow's default
    with tf_recipes.use_float32_products():
        assert not enabled()
        with tf_recipes.use_float32_products():
            assert not enabled()
        assert not enabled()  # as the inner call found it
    assert enabled()


def test_without_a_block_the_setting_stays():
    try:
        tf_recipes.use_float32_products()
        assert not enabled()
    finally:
        set_tf32(True)


def test_a_replay_sets_them_and_restores_the_setting():
    reference = trace.load(references.RECORDED / "dropout_float64.npz")
    seen = []
    replay(reference, "exact", lambda: seen.append(enabled()))
    assert set(seen) == {False} and enabled()
    seen.clear()
    replay(reference, "exact", lambda: seen.append(enabled()), float32_products=False)
    assert set(seen) == {True}
