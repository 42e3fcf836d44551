"""What all contestants train: net, data and start, and the file that carries them to a process.

It needs nothing but Python 3.7 and NumPy, because TF1's worker reads it too.
"""

import collections
import json

import numpy as np

from tf_recipes.recipe import N_INPUTS, N_OUTPUTS, Recipe


class Workload(collections.namedtuple("Workload", "recipe images labels initial")):
    """One net and one epoch's images.

    Args:
        recipe: a `Recipe`: momentum under a decaying rate, gradients clipped by value.
        images: float32 (steps * batch, 784), from 0 to 1.
        labels: int64 (steps * batch,).
        initial: `{TF1's name: float32 array}`, the weights to start from, layer after layer.
    """

    __slots__ = ()

    @property
    def steps(self):
        """Steps of one pass; every batch is full."""
        return len(self.labels) // self.recipe.batch_size


def names(recipe):
    """TF1's names of the layers."""
    return [f"hidden{k}" for k in range(1, len(recipe.hidden) + 1)] + ["outputs"]


def initial_weights(recipe):
    """He's weights as TF1 draws them, from NumPy's generator: `{name: float32 array}`.

    A normal cut off at two standard deviations, of variance `1.3 * 2 / fan_in` before the cut.
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
    """A workload of so many steps: the images are repeated, or the rest is left out.

    Args:
        recipe: a `Recipe`.
        images: float32 (n, 784).
        labels: (n,).
        steps: whole number >= 1.
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
    """The workload that `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        recipe = Recipe.from_spec(json.loads(str(file["spec"])))
        initial = collections.OrderedDict(
            (name + part, file["initial/" + name + part])
            for name in names(recipe)
            for part in ("/weights", "/biases")
        )
        return Workload(recipe, file["images"], file["labels"], initial)
