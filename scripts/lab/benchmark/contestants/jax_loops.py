"""Trains with JAX: one compiled step per call, or one epoch under `lax.scan` per call.

Data and state stay on the device. The state is donated. Batches are gathered in the compiled code.
"""

import functools

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from lab.benchmark.workload import names

ACTIVATIONS = {"elu": jax.nn.elu, "relu": jax.nn.relu, "tanh": jnp.tanh}


class _Loop:
    """Holds data and state of both contestants; a subclass has `train(order)`, one epoch."""

    def __init__(self, workload):
        self.workload = workload
        self.images = jnp.asarray(workload.images)
        self.labels = jnp.asarray(workload.labels.astype(np.int32))
        layers = [
            (
                jnp.array(workload.initial[f"{name}/weights"]),
                jnp.array(workload.initial[f"{name}/biases"]),
            )
            for name in names(workload.recipe)
        ]
        velocities = jax.tree.map(jnp.zeros_like, layers)
        self.state = (layers, velocities, jnp.int32(0), jnp.float32(0))
        self.step = functools.partial(step, workload.recipe)
        self.random = np.random.default_rng()

    def epoch(self, shuffle):
        """Trains one epoch, and returns the mean loss."""
        steps, size = self.workload.steps, self.workload.recipe.batch_size
        order = np.arange(steps * size, dtype=np.int32)
        if shuffle:
            self.random.shuffle(order)
        layers, velocities, count, _ = self.state
        self.state = layers, velocities, count, jnp.float32(0)
        self.train(jnp.asarray(order.reshape(steps, size)))
        return float(self.state[-1]) / steps

    def weights(self):
        """Returns `{TF1's name: array}`."""
        arrays = {}
        for name, (w, b) in zip(names(self.workload.recipe), self.state[0], strict=True):
            arrays[f"{name}/weights"], arrays[f"{name}/biases"] = np.asarray(w), np.asarray(b)
        return arrays


class Step(_Loop):
    """Calls a compiled function for each step."""

    def __init__(self, workload):
        super().__init__(workload)
        steps = workload.steps

        @functools.partial(jax.jit, donate_argnums=0)
        def run(state, order, images, labels):
            return self.step(state, order[state[2] % steps], images, labels)

        self.run = run

    def train(self, order):
        """Trains one epoch; `order` has the rows of each step."""
        for _ in range(self.workload.steps):
            self.state = self.run(self.state, order, self.images, self.labels)


class Scan(_Loop):
    """Calls a compiled function for each epoch."""

    def __init__(self, workload):
        super().__init__(workload)

        @functools.partial(jax.jit, donate_argnums=0)
        def run(state, order, images, labels):
            def body(state, rows):
                return self.step(state, rows, images, labels), None

            return lax.scan(body, state, order)[0]

        self.run = run

    def train(self, order):
        """Trains one epoch; `order` has the rows of each step."""
        self.state = self.run(self.state, order, self.images, self.labels)


def step(recipe, state, rows, images, labels):
    """Returns the state after one step: layers, velocities, number of steps, sum of losses."""
    layers, velocities, count, total = state
    value, gradients = jax.value_and_grad(functools.partial(loss, recipe))(
        layers, images[rows], labels[rows]
    )
    arguments, schedule = recipe.optimizer_arguments(), recipe.schedule_arguments()
    passed = count.astype(jnp.float32) / schedule["decay_steps"]
    rate = arguments["learning_rate"] * schedule["decay_rate"] ** passed
    limit, momentum = recipe.clip_value, arguments["momentum"]
    velocities = jax.tree.map(
        lambda v, g: momentum * v + jnp.clip(g, -limit, limit), velocities, gradients
    )
    layers = jax.tree.map(lambda w, v: w - rate * v, layers, velocities)
    return layers, velocities, count + 1, total + value


def loss(recipe, layers, outputs, labels):
    """Returns the mean cross-entropy of images (batch, 784) and labels (batch,)."""
    for w, b in layers[:-1]:
        outputs = ACTIVATIONS[recipe.activation](outputs @ w + b)  # (batch, units)
    w, b = layers[-1]
    logits = outputs @ w + b  # (batch, 10)
    picked = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - picked)
