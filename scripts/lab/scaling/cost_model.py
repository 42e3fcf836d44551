"""Models the time of a step by workers, parameters and rows, fitted to measurements."""

import dataclasses
import itertools
import math

import numpy as np

BYTES = 4  # bytes of a float32


@dataclasses.dataclass(frozen=True)
class Measured:
    """Holds the measured time of one step.

    Args:
        workers: int, W, number of workers.
        parameters: int, P, number of the model's parameters.
        rows: int, B, rows of the global batch.
        seconds: time of one step.
        sent: bytes that all workers together sent in one step.
    """

    workers: int
    parameters: int
    rows: int
    seconds: float
    sent: float = 0.0


@dataclasses.dataclass(frozen=True)
class Cost:
    """Holds the coefficients of the model, in seconds.

    With s workers to a core, s = max(1, W / cores), a step takes

        s (fixed + update P + compute P B / W) + message (W - 1) + byte 8 P (W - 1)

    A ring all-reduce of float32 gradients sends 8 P (W - 1) bytes in all.

    Args:
        fixed: time of every step.
        update: time per parameter, for the optimizer.
        compute: time per parameter and row, for the gradients.
        message: time per worker beyond the first.
        byte: time per sent byte.
    """

    fixed: float
    update: float
    compute: float
    message: float
    byte: float

    def seconds(self, workers, parameters, rows, cores):
        """Returns the modelled time of one step on this machine."""
        return float(np.dot(_terms(workers, parameters, rows, cores), dataclasses.astuple(self)))

    def on_a_cluster(self, workers, parameters, rows, bandwidth):
        """Returns the modelled time of one step on a cluster with a core for each worker.

        Args:
            workers, parameters, rows: as in `Measured`.
            bandwidth: bytes that a worker sends in a second.
        """
        computing = (
            self.fixed + self.update * parameters + self.compute * parameters * rows / workers
        )
        return (
            computing
            + self.message * (workers - 1)
            + ring_bytes(workers, parameters) / (workers * bandwidth)
        )

    def break_even(self, workers, parameters, bandwidth):
        """Returns the rows of a global batch above which W workers are faster than one, or inf.

        The result follows from `on_a_cluster(W) = on_a_cluster(1)`, divided by (W - 1) / W.
        """
        waiting = self.message * workers + 2 * BYTES * parameters / bandwidth
        saved = self.compute * parameters
        return waiting / saved if saved else math.inf


def ring_bytes(workers, parameters):
    """Returns the bytes of all workers in one all-reduce; each sends 2 (W - 1) / W gradients.

    >>> ring_bytes(workers=2, parameters=1000)
    8000
    """
    return 2 * (workers - 1) * BYTES * parameters


def fit(measured, cores):
    """Fits the `Cost` by least squares of the relative errors, with no coefficient below zero.

    Args:
        measured: list of `Measured`.
        cores: int, number of the machine's cores.

    Returns:
        The `Cost`, and the relative error of each measurement: model / measurement - 1.
    """
    terms = np.array([_terms(m.workers, m.parameters, m.rows, cores) for m in measured])
    seconds = np.array([m.seconds for m in measured])
    relative = terms / seconds[:, None]
    best = min(_subsets(relative), key=lambda pair: pair[0])[1]
    return Cost(*best.tolist()), relative @ best - 1


def _terms(workers, parameters, rows, cores):
    """Returns the factors of the five coefficients in the time of a step."""
    per_core = max(1, workers / cores)
    return (
        per_core,
        per_core * parameters,
        per_core * parameters * rows / workers,
        workers - 1,
        ring_bytes(workers, parameters),
    )


def _subsets(relative):
    """Yields (squared error, coefficients) of the fit of each subset of the coefficients.

    The coefficients outside the subset are 0. A fit with a negative coefficient is left out.
    """
    count = relative.shape[1]
    for size in range(1, count + 1):
        for chosen in itertools.combinations(range(count), size):
            part = relative[:, chosen]
            scale = np.linalg.norm(part, axis=0)
            fitted = np.linalg.lstsq(part / scale, np.ones(len(part)), rcond=None)[0] / scale
            if (fitted >= 0).all():
                coefficients = np.zeros(count)
                coefficients[list(chosen)] = fitted
                yield float(np.sum((relative @ coefficients - 1) ** 2)), coefficients
