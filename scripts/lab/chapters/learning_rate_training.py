"""Trains at one learning rate, and evaluates the validation images several times an epoch."""

import itertools

import numpy as np
import tensorflow as tf

from lab.chapters.optimizer_race import BATCH_SIZE, batches
from tf_recipes.training.driver import EVALUATION_BATCH
from tf_recipes.training.feed import Feed

PARTS = 5  # evaluations in an epoch


class Trainer:
    """Trains one model from one start after the other.

    Args:
        restarts: a `nets.Restarts`.
        train, held_out: pairs (images, labels).
        epochs: int, epochs of each training.
    """

    def __init__(self, restarts, train, held_out, epochs):
        self._restarts, self.model = restarts, restarts(0)
        self._training = Feed(self.model, "train", *train, BATCH_SIZE)
        self._held_out = Feed(self.model, "test", *held_out, EVALUATION_BATCH)
        self._epochs, self.steps = epochs, round(epochs * len(train[1]) / BATCH_SIZE)

    def run(self, seed, rate, target):
        """Trains from the start of one seed; the seed also decides the order of the images.

        Args:
            seed: int.
            rate: float, a constant learning rate; None for the model's own schedule.
            target: float, the validation accuracy to reach.

        Returns:
            A dict: `epochs`, the times of the evaluations; `val_accuracy` and `val_loss` at these
            times; `epochs_to_target`, None if the target was not reached.
        """
        self._restarts(seed)
        if rate is not None:
            self.model.optimizer.learning_rate = rate
        order = batches(len(self._training.y), self.steps, seed)
        stops = np.linspace(0, self.steps, self._epochs * PARTS + 1).round().astype(int).tolist()
        metrics = []
        for start, stop in itertools.pairwise(stops):
            self._training(order, start, stop)
            metrics.append(self._validate())
        run = {"epochs": [(k + 1) / PARTS for k in range(len(metrics))]}
        run |= {f"val_{key}": [each[key] for each in metrics] for key in ("accuracy", "loss")}
        reached = np.array(run["val_accuracy"]) >= target
        first = run["epochs"][int(reached.argmax())] if reached.any() else None
        return {**run, "epochs_to_target": first}

    def _validate(self):
        """Returns loss and accuracy on the validation images."""
        self.model.reset_metrics()
        rows = tf.range(len(self._held_out.y), dtype=tf.int64)
        return self._held_out(rows, 0, self._held_out.steps)
