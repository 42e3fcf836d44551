"""The matrix products of a training step and nothing else: what no way of training can beat.

Forward, the gradient of every weight, and the gradient of every layer's input but the first's. The
logits stand in for their own gradient, which has the same shape. The fastest of the libraries at
hand is taken, whichever it is on this machine.
"""

import time

import numpy as np
import tensorflow as tf


class Products:
    """The passes of the library that was fastest over two short trials.

    Attributes:
        note: that library.
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
        """There is no loss, and no order to shuffle."""
        self.run(self.workload.steps)

    def weights(self):
        """Nothing is trained."""
        return {}


def step(matmul, images, kernels):
    """The products of one step on images (batch, 784); the gradients of the kernels.

    `matmul(a, b, key, transpose_a=False, transpose_b=False)` may keep a place for `key`'s result.
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
    def empty(shape):
        return np.empty(shape, np.float32)

    return _into_places(images, kernels, size, empty, lambda a, b, out: np.matmul(a, b, out=out))


def _pytorch(images, kernels, size):
    import torch

    images, kernels = torch.from_numpy(images), [torch.from_numpy(each) for each in kernels]
    return _into_places(
        images, kernels, size, torch.empty, lambda a, b, out: torch.mm(a, b, out=out)
    )


def _into_places(images, kernels, size, empty, multiply):
    """Passes that write each product where the last step's was."""
    places = {}

    def matmul(a, b, key, transpose_a=False, transpose_b=False):
        a, b = a.T if transpose_a else a, b.T if transpose_b else b
        if key not in places:
            places[key] = empty((a.shape[0], b.shape[1]))
        multiply(a, b, places[key])
        return places[key]

    def run(steps):
        for start in range(0, steps * size, size):
            step(matmul, images[start : start + size], kernels)

    return run


def _tensorflow(images, kernels, size, jit_compile=False):
    def matmul(a, b, key, **transposed):
        return tf.matmul(a, b, **transposed)

    @tf.function(autograph=False, jit_compile=jit_compile)
    def epoch(images, kernels, steps):
        def body(i, _):
            batch = tf.slice(images, (i * size, 0), (size, images.shape[1]))
            return i + 1, step(matmul, batch, kernels)

        nothing = [tf.zeros_like(kernel) for kernel in kernels]
        # One step after the other, as in training, where a step needs the weights of the last.
        return tf.while_loop(lambda i, _: i < steps, body, (0, nothing), parallel_iterations=1)[1]

    images, kernels = tf.constant(images), [tf.constant(kernel) for kernel in kernels]

    def run(steps):
        epoch(images, kernels, tf.constant(steps))[0].numpy()

    return run


def _xla(images, kernels, size):
    return _tensorflow(images, kernels, size, jit_compile=True)


LIBRARIES = {"NumPy": _numpy, "TensorFlow": _tensorflow, "XLA": _xla, "PyTorch": _pytorch}


def _fastest(run, steps):
    """Seconds of the better of two trials, after one that compiles."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        run(steps)
        seconds.append(time.perf_counter() - started)
    time.sleep(0.1)  # the library's threads come to rest before the next one's start
    return min(seconds[1:])
