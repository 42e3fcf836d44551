"""Holds what all contestants train: net, data and initial weights, also as a file.

The worker under TF 1.15 imports this module, so it needs only Python 3.7 and NumPy.
"""

import collections
import json

import numpy as np

from tf_recipes.recipe import N_INPUTS, N_OUTPUTS, Recipe


class Workload(collections.namedtuple("Workload", "recipe images labels initial")):
    """Holds one net and the images of one epoch.

    Args:
        recipe: a `Recipe` with momentum, a decaying rate, and gradients clipped by value.
        images: float32 (steps * batch, 784), from 0 to 1.
        labels: int64 (steps * batch,).
        initial: `{TF1's name: float32 array}`, the initial weights, layer after layer.
    """

    __slots__ = ()

    @property
    def steps(self):
        """Returns the steps of one epoch; every batch is full."""
        return len(self.labels) // self.recipe.batch_size


def names(recipe):
    """Returns TF1's names of the layers."""
    return [f"hidden{k}" for k in range(1, len(recipe.hidden) + 1)] + ["outputs"]


def initial_weights(recipe):
    """Draws He's weights from TF1's distribution with NumPy: `{name: float32 array}`.

    The distribution is a normal truncated at two standard deviations. Its variance before the
    truncation is `1.3 * 2 / fan_in`.
    """
    random = np.random.RandomState(recipe.seed)
    sizes = (N_INPUTS, *recipe.hidden, N_OUTPUTS)
    initial = collections.OrderedDict()
    for name, fan_in, units in zip(names(recipe), sizes, sizes[1:]):
        normal = random.standard_normal((fan_in, units))
        while np.any(np.abs(normal) > 2):
            outside = np.abs(normal) > 2
            normal[outside] = random.standard_normal(outside.sum())
        initial[name + "/weights"] = np.float32(normal * np.sqrt(1.3 * 2 / fan_in))
        initial[name + "/biases"] = np.zeros(units, np.float32)
    return initial


def make(recipe, images, labels, steps):
    """Makes a workload: the images are repeated or cut off to fill the steps.

    Args:
        recipe: a `Recipe`.
        images: float32 (n, 784).
        labels: (n,).
        steps: whole number >= 1, steps of one epoch.
    """
    rows = np.arange(steps * recipe.batch_size) % len(labels)
    return Workload(recipe, images[rows], np.int64(labels)[rows], initial_weights(recipe))


def save(path, workload):
    """Writes the workload as an uncompressed `.npz`."""
    spec = json.dumps(workload.recipe.to_spec())
    arrays = {"initial/" + name: value for name, value in workload.initial.items()}
    with open(path, "wb") as file:
        np.savez(file, spec=spec, images=workload.images, labels=workload.labels, **arrays)


def load(path):
    """Reads a workload that `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        recipe = Recipe.from_spec(json.loads(str(file["spec"])))
        initial = collections.OrderedDict(
            (name + part, file["initial/" + name + part])
            for name in names(recipe)
            for part in ("/weights", "/biases")
        )
        return Workload(recipe, file["images"], file["labels"], initial)
