"""Counts the steps of an optimizer to a given loss, from equal starts on equal batches."""

import functools
import math

import numpy as np
import tensorflow as tf

from lab.chapters import nets
from tf_recipes.recipe import Recipe
from tf_recipes.training.feed import Feed

BATCH_SIZE = 50
HIDDEN = (300, 100)
FIXED = 1000  # training images on which the loss is evaluated
GROWTH = 1.1  # factor from one evaluated step to the next
STARTS = {  # optimizer -> first learning rate of its search
    "gradient_descent": 0.1,
    "momentum": 0.01,
    "nesterov": 0.01,
    "adagrad": 0.05,
    "rmsprop": 0.001,
    "adam": 0.001,
}


def points(last):
    """Returns the steps at which the loss is evaluated: every step, later each 10 % further.

    >>> points(20)
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 20]
    """
    steps = [0]
    while steps[-1] < last:
        steps.append(min(last, max(steps[-1] + 1, math.ceil(steps[-1] * GROWTH))))
    return steps


def crossing(before, after, target):
    """Returns the step at which the loss crosses `target`, interpolated in the log of the loss.

    Args:
        before, after: (step, loss) before and after the crossing.
        target: float, a loss.

    >>> crossing((10, 1.0), (20, 0.01), 0.1)
    15.0
    """
    (start, high), (stop, low) = before, after
    return start + (stop - start) * math.log(high / target) / math.log(high / low)


def batches(count, steps, seed):
    """Draws the rows of `steps` batches, int64 (steps * BATCH_SIZE,), from shuffled passes.

    Args:
        count: int, number of rows of the data.
        steps: int, number of batches.
        seed: int, seed of the shuffling.
    """
    rng, wanted = np.random.default_rng(seed), steps * BATCH_SIZE
    passes = [rng.permutation(count) for _ in range(math.ceil(wanted / count))]
    return tf.constant(np.concatenate(passes)[:wanted], tf.int64)


class Track:
    """Holds what all optimizers train on: images, and the batches of each seed.

    Args:
        x, y: images and labels.
        longest: int, largest number of steps of one run.
    """

    def __init__(self, x, y, longest):
        self.x, self.y, self.longest = x, y, longest
        self.points = points(longest)
        self.order = functools.cache(lambda seed: batches(len(y), longest, seed))


class Racer:
    """Trains with one optimizer on a track; the model is compiled once.

    Args:
        name: name of the optimizer in a `Recipe`.
        track: a `Track`.
    """

    def __init__(self, name, track):
        self.name, self._track = name, track
        optimizer = {"name": name, "learning_rate": 0.01}
        recipe = Recipe(name, hidden=tuple(HIDDEN), optimizer=optimizer)
        self._restarts = nets.Restarts(lambda seed: nets.build(recipe, seed, metrics=[]))
        model = self._restarts(0)
        self._training = Feed(model, "train", track.x, track.y, BATCH_SIZE)
        self._fixed = Feed(model, "test", track.x[:FIXED], track.y[:FIXED], FIXED)

    def run(self, rate, seed, target, most=None):
        """Trains until the loss reaches `target` or is not finite, or for `most` steps.

        Args:
            rate: float, learning rate.
            seed: int, seed of the start and the batches.
            target: float, loss in nats.
            most: int, largest number of steps; None for the track's longest run.

        Returns:
            A dict: `optimizer`, `learning_rate`, `seed`; `end`, one of "reached", "not reached" and
            "diverged"; `steps_to_target`, a float between two steps, or None; `limit`, the largest
            number of steps; `curve_steps` and `curve_loss`, in nats, on the fixed images.
        """
        model, order = self._restarts(seed), self._track.order(seed)
        model.optimizer.learning_rate = rate
        most, position = min(most or self._track.longest, self._track.longest), 0
        run = {"optimizer": self.name, "learning_rate": rate, "seed": seed, "end": "not reached"}
        run |= {"steps_to_target": None, "limit": most, "curve_steps": [], "curve_loss": []}
        for step in self._track.points:
            if step > 0:
                self._training(order, position, step)
            position, loss = step, self._loss(model)
            run["curve_steps"].append(step)
            run["curve_loss"].append(loss)
            if not math.isfinite(loss):
                run["end"] = "diverged"
            elif loss <= target:
                run["end"] = "reached"
                run["steps_to_target"] = _reached(run["curve_steps"], run["curve_loss"], target)
            if run["end"] != "not reached" or step >= most:
                break
        return run

    def _loss(self, model):
        """Returns the loss on the fixed images, in nats."""
        model.reset_metrics()
        return self._fixed(tf.range(self._fixed.x.shape[0], dtype=tf.int64), 0, 1)["loss"]


def _reached(steps, losses, target):
    """Returns the step at which the last point of the curve reached the target."""
    if len(steps) == 1:
        return 0.0
    return crossing((steps[-2], losses[-2]), (steps[-1], losses[-1]), target)
