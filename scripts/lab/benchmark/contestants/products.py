"""Computes only the matrix products of a training step, as an upper bound of the speed.

The products are the forward pass, the gradient of every weight, and the gradient of every layer's
input except the first layer's. The logits are used in place of their gradient, which has the same
shape. The fastest of the installed libraries on this machine is taken.
"""

import time

import numpy as np
import tensorflow as tf


class Products:
    """Runs the passes of the library that was fastest in two short trials.

    Attributes:
        note: name of the fastest library.
    """

    def __init__(self, workload):
        self.workload = workload
        kernels = [value for name, value in workload.initial.items() if name.endswith("/weights")]
        size = workload.recipe.batch_size
        trial = max(1, min(workload.steps, 100))
        seconds, passes = {}, {}
        for name, make in LIBRARIES.items():
            try:
                passes[name] = make(workload.images, kernels, size)
            except ImportError:
                continue
            seconds[name] = _fastest(passes[name], trial)
        self.note = min(seconds, key=seconds.get)
        self.run = passes[self.note]

    def epoch(self, shuffle):
        """Runs one epoch; the products need no loss and no shuffling."""
        self.run(self.workload.steps)

    def weights(self):
        """Returns {}, because no weight is trained."""
        return {}


def step(matmul, images, kernels):
    """Computes the products of one step, and returns the gradients of the kernels.

    Args:
        matmul: function `matmul(a, b, key, transpose_a=False, transpose_b=False)`; it may keep one
            array for the results of each `key`.
        images: (batch, 784).
        kernels: matrices (inputs, units), layer after layer.
    """
    outputs = [images]
    for k, kernel in enumerate(kernels):
        outputs.append(matmul(outputs[-1], kernel, ("forward", k)))
    delta, gradients = outputs.pop(), []
    for k in reversed(range(len(kernels))):
        gradients.append(matmul(outputs[k], delta, ("weights", k), transpose_a=True))
        if k:
            delta = matmul(delta, kernels[k], ("inputs", k), transpose_b=True)
    return gradients[::-1]


def _numpy(images, kernels, size):
    """Returns NumPy's `run(steps)`."""

    def empty(shape):
        return np.empty(shape, np.float32)

    return _into_places(images, kernels, size, empty, lambda a, b, out: np.matmul(a, b, out=out))


def _pytorch(images, kernels, size):
    """Returns PyTorch's `run(steps)`."""
    import torch

    images, kernels = torch.from_numpy(images), [torch.from_numpy(each) for each in kernels]
    return _into_places(
        images, kernels, size, torch.empty, lambda a, b, out: torch.mm(a, b, out=out)
    )


def _into_places(images, kernels, size, empty, multiply):
    """Returns `run(steps)`, which writes each product into the array of the last step."""
    arrays = {}

    def matmul(a, b, key, transpose_a=False, transpose_b=False):
        a, b = a.T if transpose_a else a, b.T if transpose_b else b
        if key not in arrays:
            arrays[key] = empty((a.shape[0], b.shape[1]))
        multiply(a, b, arrays[key])
        return arrays[key]

    def run(steps):
        for start in range(0, steps * size, size):
            step(matmul, images[start : start + size], kernels)

    return run


def _tensorflow(images, kernels, size, jit_compile=False):
    """Returns TensorFlow's `run(steps)`, one compiled loop."""

    def matmul(a, b, key, **transposed):
        return tf.matmul(a, b, **transposed)

    @tf.function(autograph=False, jit_compile=jit_compile)
    def epoch(images, kernels, steps):
        def body(i, _):
            batch = tf.slice(images, (i * size, 0), (size, images.shape[1]))
            return i + 1, step(matmul, batch, kernels)

        zeros = [tf.zeros_like(kernel) for kernel in kernels]
        # The steps run in sequence, as in training, where a step needs the weights of the last.
        return tf.while_loop(lambda i, _: i < steps, body, (0, zeros), parallel_iterations=1)[1]

    images, kernels = tf.constant(images), [tf.constant(kernel) for kernel in kernels]

    def run(steps):
        epoch(images, kernels, tf.constant(steps))[0].numpy()

    return run


def _xla(images, kernels, size):
    """Returns `run(steps)` of TensorFlow with XLA."""
    return _tensorflow(images, kernels, size, jit_compile=True)


LIBRARIES = {"NumPy": _numpy, "TensorFlow": _tensorflow, "XLA": _xla, "PyTorch": _pytorch}


def _fastest(run, steps):
    """Returns the seconds of the faster of two trials, after a trial that compiles."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        run(steps)
        seconds.append(time.perf_counter() - started)
    time.sleep(0.1)  # waits until the library's threads are idle
    return min(seconds[1:])
