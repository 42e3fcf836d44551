"""How long a step takes, by workers, parameters and rows: a model, fitted to measurements."""

import dataclasses
import itertools
import math

import numpy as np

BYTES = 4  # of a float32


@dataclasses.dataclass(frozen=True)
class Measured:
    """The time of one step.

    Args:
        workers: int, W.
        parameters: int, P, of the model.
        rows: int, B, of the global batch.
        seconds: of one step.
        sent: bytes that all workers sent in one step.
    """

    workers: int
    parameters: int
    rows: int
    seconds: float
    sent: float = 0.0


@dataclasses.dataclass(frozen=True)
class Cost:
    """The coefficients, in seconds.

    With s workers to a core, s = max(1, W / cores), a step takes

        s (fixed + update P + compute P B / W) + message (W - 1) + byte 8 P (W - 1)

    8 P (W - 1) bytes are what a ring all-reduce of float32 gradients sends in all.

    Args:
        fixed: of every step.
        update: per parameter, for the optimizer.
        compute: per parameter and row, for the gradients.
        message: per worker beyond the first.
        byte: per byte sent.
    """

    fixed: float
    update: float
    compute: float
    message: float
    byte: float

    def seconds(self, workers, parameters, rows, cores):
        """Of one step on this machine."""
        return float(np.dot(_terms(workers, parameters, rows, cores), dataclasses.astuple(self)))

    def on_a_cluster(self, workers, parameters, rows, bandwidth):
        """Of one step where each worker has a core of its own, and a network between them.

        Args:
            bandwidth: bytes a second that a worker sends.
        """
        own = self.fixed + self.update * parameters + self.compute * parameters * rows / workers
        return (
            own
            + self.message * (workers - 1)
            + ring_bytes(workers, parameters) / (workers * bandwidth)
        )

    def break_even(self, workers, parameters, bandwidth):
        """The rows of a global batch above which so many workers are faster than one, or inf.

        From `on_a_cluster(W) = on_a_cluster(1)`, divided by (W - 1) / W.
        """
        waiting = self.message * workers + 2 * BYTES * parameters / bandwidth
        saved = self.compute * parameters
        return waiting / saved if saved else math.inf


def ring_bytes(workers, parameters):
    """What all workers send in one all-reduce: each sends 2 (W - 1) / W of the gradients.

    >>> ring_bytes(workers=2, parameters=1000)
    8000
    """
    return 2 * (workers - 1) * BYTES * parameters


def fit(measured, cores):
    """The `Cost` that fits best, in least squares of the relative errors, none below zero.

    Args:
        measured: list of `Measured`.
        cores: int, of the machine.

    Returns:
        The `Cost`, and the relative error of each measurement, model over measurement less 1.
    """
    terms = np.array([_terms(m.workers, m.parameters, m.rows, cores) for m in measured])
    seconds = np.array([m.seconds for m in measured])
    relative = terms / seconds[:, None]
    best = min(_subsets(relative), key=lambda found: found[0])[1]
    return Cost(*best.tolist()), relative @ best - 1


def _terms(workers, parameters, rows, cores):
    crowd = max(1, workers / cores)
    return (
        crowd,
        crowd * parameters,
        crowd * parameters * rows / workers,
        workers - 1,
        ring_bytes(workers, parameters),
    )


def _subsets(relative):
    """Of each set of coefficients, the rest 0, the squared error and the best, if none is < 0."""
    count = relative.shape[1]
    for size in range(1, count + 1):
        for chosen in itertools.combinations(range(count), size):
            part = relative[:, chosen]
            scale = np.linalg.norm(part, axis=0)
            found = np.linalg.lstsq(part / scale, np.ones(len(part)), rcond=None)[0] / scale
            if (found >= 0).all():
                coefficients = np.zeros(count)
                coefficients[list(chosen)] = found
                yield float(np.sum((relative @ coefficients - 1) ** 2)), coefficients
