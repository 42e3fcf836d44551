"""Defines the precision of float32 matrix products: full float32, as in TF1."""

import contextlib
import functools

import keras


def use_float32_products() -> contextlib.ExitStack:
    """Computes products of float32 matrices, and convolutions, in full float32 from now on.

    TF1: TF 1.15 had no other products. On NVIDIA GPUs from Ampere on, TensorFlow 2 and JAX round
    the factors to TF32 by default, which has 10 bits of precision in place of 23. PyTorch does so
    in convolutions. No error or warning tells. `docs/numerics.md` has the drifts that this causes.
    On a processor nothing changes.

    The setting is that of the whole process, and of Keras' backend alone: on JAX, TensorFlow is
    not imported. Call the function before training, because TensorFlow and PyTorch read the
    setting at each product, but JAX at each compilation.

    Returns:
        A context manager. In a `with` statement, its end restores the settings that the call
        found. Without `with`, they are not restored.

    >>> with use_float32_products():
    ...     product = keras.ops.matmul(keras.ops.ones((2, 2)), keras.ops.ones((2, 2)))
    >>> _ = use_float32_products()  # for the rest of the program

    References:
        NVIDIA, "NVIDIA A100 Tensor Core GPU Architecture", 2020, on TF32.
    """
    before = contextlib.ExitStack()
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            found = tf.config.experimental.tensor_float_32_execution_enabled()
            set_tf32 = tf.config.experimental.enable_tensor_float_32_execution
            before.callback(set_tf32, found)
            set_tf32(False)
        case "jax":
            import jax

            # None is JAX's default, which is TF32 on such a GPU
            name = "jax_default_matmul_precision"
            before.callback(jax.config.update, name, getattr(jax.config, name))
            jax.config.update(name, "highest")
        case "torch":
            import torch

            before.callback(
                torch.set_float32_matmul_precision, torch.get_float32_matmul_precision()
            )
            for products in (torch.backends.cuda.matmul, torch.backends.cudnn):
                before.callback(
                    functools.partial(setattr, products, "allow_tf32", products.allow_tf32)
                )
                products.allow_tf32 = False
            torch.set_float32_matmul_precision("highest")
    return before
