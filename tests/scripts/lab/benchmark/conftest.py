"""Provides small workloads, and a training in plain NumPy to compare the contestants with."""

import importlib.util

import numpy as np
import pytest

from lab.benchmark import registry, workload
from tf_recipes import catalog

HIDDEN, BATCH, STEPS = (20, 15), 8, 12


@pytest.fixture(scope="session")
def small():
    """Returns `small(decay_rate)`: a workload of 12 steps of batch 8 that decays and clips."""

    def make(decay_rate=0.5, steps=STEPS):
        recipe = catalog.get("clipped_momentum_decay").replace(
            hidden=list(HIDDEN),
            batch_size=BATCH,
            schedule={"decay_steps": 10, "decay_rate": decay_rate},
        )
        random = np.random.default_rng(0)
        images = random.random((steps * BATCH, 784), np.float32)
        return workload.make(recipe, images, random.integers(0, 10, len(images)), steps)

    return make


@pytest.fixture(scope="session")
def contestant():
    """Returns `contestant(name, workload)`; skips the test if its library is not installed."""

    def make(name, work):
        for library in registry.CONTESTANTS[name].libraries:
            if importlib.util.find_spec(library) is None:
                pytest.skip(f"{library} is not installed")
        return registry.factory(name)(work)

    return make


@pytest.fixture(scope="session")
def trained():
    """Returns `trained(workload, epochs)` -> (mean losses by epoch, weights), in float64.

    The batches are in order. The formulas:

    h = elu(h W + b); v <- mu v + clip(g); w <- w - eta v; eta = eta_0 rate^(step / decay_steps).
    """

    def run(work, epochs):
        arguments, schedule = work.recipe.optimizer_arguments(), work.recipe.schedule
        size = work.recipe.batch_size
        weights = [value.astype(np.float64) for value in work.initial.values()]
        velocities = [np.zeros_like(value) for value in weights]
        losses = []
        for step in range(epochs * work.steps):
            start = step % work.steps * size
            batch = work.images[start : start + size], work.labels[start : start + size]
            loss, gradients = loss_and_gradients(weights, *batch)
            rate = arguments["learning_rate"] * (
                schedule["decay_rate"] ** (step / schedule["decay_steps"])
            )
            limit = work.recipe.clip_value
            for k, gradient in enumerate(gradients):
                velocities[k] = 0.9 * velocities[k] + np.clip(gradient, -limit, limit)
                weights[k] = weights[k] - rate * velocities[k]
            losses.append(loss)
        by_epoch = np.reshape(losses, (epochs, work.steps)).mean(axis=1)
        return by_epoch, dict(zip(work.initial, weights, strict=True))

    return run


def loss_and_gradients(weights, images, labels):
    """Returns the cross-entropy and its gradients, computed in NumPy."""
    outputs, kernels = [np.float64(images)], weights[::2]
    for k, (w, b) in enumerate(zip(kernels, weights[1::2], strict=True)):
        z = outputs[-1] @ w + b
        last = k == len(kernels) - 1
        outputs.append(z if last else np.where(z > 0, z, np.expm1(np.minimum(z, 0))))
    exponentials = np.exp(outputs[-1] - outputs[-1].max(axis=1, keepdims=True))
    delta = exponentials / exponentials.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(delta[rows, labels]).mean()
    delta[rows, labels] -= 1
    delta /= len(labels)
    gradients = []
    for k in reversed(range(len(kernels))):
        gradients[:0] = [outputs[k].T @ delta, delta.sum(axis=0)]
        h = outputs[k]
        delta = delta @ kernels[k].T * np.where(h > 0, 1, h + 1)  # elu' = elu + 1 below zero
    return loss, gradients


def assert_same_training(losses, weights, expected_losses, expected_weights):
    """Checks 24 steps in float32 against float64.

    Each step rounds each weight once, by up to 6e-8 of its value, and the sums over 784 inputs by
    about 1e-6: the error of 24 steps stays below 1e-5 of the largest entry. A rate that decays one
    step late causes an error of 1e-3, and missing clipping a larger one.
    """
    if losses[0] is not None:
        np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    for name, expected in expected_weights.items():
        limit = 1e-5 * np.abs(expected).max()
        np.testing.assert_allclose(weights[name], expected, rtol=0, atol=limit, err_msg=name)


@pytest.fixture(scope="session")
def same_training():
    return assert_same_training


@pytest.fixture
def trains_as_numpy_does(small, contestant, trained, same_training):
    """Returns `trains_as_numpy_does(name, decay_rate)`, which compares two epochs with NumPy's."""

    def check(name, decay_rate=0.5):
        work = small(decay_rate)
        loop = contestant(name, work)
        losses = [loop.epoch(shuffle=False) for _ in range(2)]
        same_training(losses, loop.weights(), *trained(work, 2))
        return losses

    return check


@pytest.fixture
def shuffles(small, contestant):
    """Returns `shuffles(name)`, which checks that a shuffled epoch ends with other weights."""

    def check(name):
        work = small()
        ordered, shuffled = (contestant(name, work) for _ in range(2))
        ordered.epoch(shuffle=False)
        shuffled.epoch(shuffle=True)
        one, other = (each.weights()["outputs/weights"] for each in (ordered, shuffled))
        assert np.abs(one - other).max() > 1e-4

    return check


ANSWER = '{"seconds": 0.5, "loss": 1.0, "note": "", "memory": %s, "idle_cpu_seconds": 0.01}'
FAKE = """echo '{"memory": {"peak": 300, "now": 200}, "versions": {"python": "9"}}'
passes=0
while read line; do
    passes=$((passes + 1))
    BODY
    echo 'ANSWER'
done"""


@pytest.fixture
def fake_worker(script):
    """Returns `fake_worker(body)`: an interpreter that answers as a worker; a pass takes 0.5 s."""

    def make(body=":"):
        answer = ANSWER % '{"peak": 900, "now": 100}'
        return script("fake/python", FAKE.replace("BODY", body).replace("ANSWER", answer))

    return make
