"""How many steps an optimizer takes to a loss, from the same start on the same batches."""

import functools
import math

import numpy as np
import tensorflow as tf

from lab.chapters import nets
from tf_recipes.recipe import Recipe
from tf_recipes.training.feed import Feed

BATCH_SIZE = 50
FIXED = 1000  # training images that the loss is taken on
GROWTH = 1.1  # from one step at which it is taken to the next
STARTS = {  # each optimizer, and where the search for its rate starts
    "gradient_descent": 0.1,
    "momentum": 0.01,
    "nesterov": 0.01,
    "adagrad": 0.05,
    "rmsprop": 0.001,
    "adam": 0.001,
}


def points(last):
    """The steps at which the loss is taken: 0, 1, 2, ..., then 10 % more from one to the next.

    >>> points(20)
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 20]
    """
    found = [0]
    while found[-1] < last:
        found.append(min(last, max(found[-1] + 1, math.ceil(found[-1] * GROWTH))))
    return found


def crossing(before, after, target):
    """The step at which a loss crosses `target`, in a straight line of its logarithm.

    Args:
        before, after: (step, loss) on either side of it.

    >>> crossing((10, 1.0), (20, 0.01), 0.1)
    15.0
    """
    (start, high), (stop, low) = before, after
    return start + (stop - start) * math.log(high / target) / math.log(high / low)


def batches(count, steps, seed):
    """The rows of `steps` batches, int64 (steps * BATCH_SIZE,): one shuffled pass after another.

    Args:
        count: int, the rows that there are.
    """
    rng, wanted = np.random.default_rng(seed), steps * BATCH_SIZE
    passes = [rng.permutation(count) for _ in range(math.ceil(wanted / count))]
    return tf.constant(np.concatenate(passes)[:wanted], tf.int64)


class Track:
    """What all optimizers run on: images, and the batches of each seed.

    Args:
        x, y: images and labels.
        longest: int, steps of one run at most.
    """

    def __init__(self, x, y, longest):
        self.x, self.y, self.longest = x, y, longest
        self.points = points(longest)
        self.order = functools.cache(lambda seed: batches(len(y), longest, seed))


class Racer:
    """One optimizer on a track; it compiles once.

    Args:
        name: of the optimizer in a `Recipe`.
        track: a `Track`.
    """

    def __init__(self, name, track):
        self.name, self._track = name, track
        recipe = Recipe(name, optimizer={"name": name, "learning_rate": 0.01})
        self._restarts = nets.Restarts(lambda seed: nets.build(recipe, seed, metrics=[]))
        model = self._restarts(0)
        self._training = Feed(model, "train", track.x, track.y, BATCH_SIZE)
        self._fixed = Feed(model, "test", track.x[:FIXED], track.y[:FIXED], FIXED)

    def run(self, rate, seed, target, most=None):
        """Trains until the loss is `target`, infinite, or not a number, or `most` steps are done.

        Returns:
            A dict: `optimizer`, `learning_rate`, `seed`; `end`, one of "reached", "not reached" and
            "diverged"; `steps_to_target`, a float between two steps, or None; `limit`, the steps
            it was given; `curve_steps` and `curve_loss`, in nats, on the fixed images.
        """
        model, order = self._restarts(seed), self._track.order(seed)
        model.optimizer.learning_rate = rate
        most, done = min(most or self._track.longest, self._track.longest), 0
        run = {"optimizer": self.name, "learning_rate": rate, "seed": seed, "end": "not reached"}
        run |= {"steps_to_target": None, "limit": most, "curve_steps": [], "curve_loss": []}
        for step in self._track.points:
            if step > 0:
                self._training(order, done, step)
            done, loss = step, self._loss(model)
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
        model.reset_metrics()
        return self._fixed(tf.range(self._fixed.x.shape[0], dtype=tf.int64), 0, 1)["loss"]


def _reached(steps, losses, target):
    if len(steps) == 1:
        return 0.0
    return crossing((steps[-2], losses[-2]), (steps[-1], losses[-1]), target)
