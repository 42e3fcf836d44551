"""Checks that random draws have TF1's distribution, since no seed can give the same draws.

Each port draws ten million values, as TF 1.15 did for `distributions.npz`. A difference is judged
against chance: a deviation of five standard errors happens once in two million fair comparisons.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from tf_recipes.ports import PORTS, Port
from tf_recipes.recipe import Recipe

RECORDED = Path(__file__).parent / "distributions.npz"
LIMIT = 5.0  # standard errors
SHAPE = (784, 12800)
SEED = 1

Statistics = Mapping[str, NDArray[Any]]  # of one distribution on TF 1.15


@dataclasses.dataclass(frozen=True)
class DistributionCheck:
    """Holds the result of comparing one port's draws with TF1's.

    Attributes:
        name: what is drawn.
        port: the port's name.
        deviations: `{statistic: standard errors}`; infinite where a hard bound is broken.
        std_ratio: the port's standard deviation (initialisers) or kept share (dropout), divided
            by TF1's.
    """

    name: str
    port: str
    deviations: Mapping[str, float]
    std_ratio: float

    @property
    def worst(self) -> tuple[str, float]:
        """Returns the statistic that deviates most, and its deviation in standard errors."""
        return max(self.deviations.items(), key=lambda item: (np.isnan(item[1]), item[1]))

    @property
    def passed(self) -> bool:
        """Returns whether there are deviations, and each is at most `LIMIT`."""
        return bool(self.deviations) and all(z <= LIMIT for z in self.deviations.values())


def load(path: str | os.PathLike[str] = RECORDED) -> dict[str, dict[str, NDArray[Any]]]:
    """Returns the recorded statistics, `{name: {key: value}}`."""
    recorded: dict[str, dict[str, NDArray[Any]]] = {}
    with np.load(path, allow_pickle=False) as file:
        for key in file.files:
            name, _, statistic = key.partition("/")
            if statistic:
                recorded.setdefault(name, {})[statistic] = file[key]
    return recorded


def check_all(ports: Sequence[str]) -> Iterator[DistributionCheck]:
    """Yields a `DistributionCheck` of each initialiser and each dropout share, for each port."""
    for name, reference in load().items():
        for port in ports:
            if name.startswith("dropout_"):
                yield check_dropout(name, reference, port)
            else:
                yield check_initializer(name, reference, port)


def check_initializer(name: str, reference: Statistics, port: str | Port) -> DistributionCheck:
    """Compares an initialiser's standard deviation, truncation and histogram with TF1's.

    Args:
        name: the recipe's `initializer`.
        reference: TF1's statistics, of `load`.
        port: a name in `PORTS`, or a `Port`.
    """
    recipe = Recipe(name=name, initializer=name)
    made = PORTS[port] if isinstance(port, str) else port
    initializer = made.initializer(recipe)(seed=SEED)
    values = np.asarray(ops.convert_to_numpy(initializer(SHAPE, dtype="float32"))).ravel()
    return DistributionCheck(
        name=f"{name} initialiser",
        port=made.name,
        deviations={
            "standard deviation": _std_error(values, reference),
            "truncation": _truncation_error(values, reference),
            "two-sample chi-square": _histogram_error(values, reference),
        },
        std_ratio=float(values.std(dtype=np.float64) / reference["std"]),
    )


def check_dropout(name: str, reference: Statistics, port: str | Port) -> DistributionCheck:
    """Compares a dropout layer's kept share, and its factor on kept units, with TF1's.

    Args:
        name: `dropout_KEEP_PROB`, such as `dropout_0.5`.
        reference: TF1's statistics, of `load`.
        port: a name in `PORTS`, or a `Port`.
    """
    keep_prob = float(name.removeprefix("dropout_"))
    recipe = Recipe(name="dropout", keep_prob=keep_prob, seed=SEED)
    made = PORTS[port] if isinstance(port, str) else port
    layer = made.dropout(recipe, name="X_dropout", dtype="float32")
    outputs = ops.convert_to_numpy(layer(keras.ops.ones(SHAPE), training=True))
    kept, count = np.count_nonzero(outputs), outputs.size
    factors = np.unique(outputs[outputs != 0])
    share, tf1_share = kept / count, reference["kept"] / reference["count"]
    error = np.sqrt(keep_prob * (1 - keep_prob) * (1 / count + 1 / reference["count"]))
    same_factor = len(factors) == 1 and np.isclose(
        factors[0], reference["scale"][0], rtol=np.finfo(np.float32).eps, atol=0
    )
    return DistributionCheck(
        name=f"dropout, keep_prob {keep_prob}",
        port=made.name,
        deviations={
            "kept share": float(abs(share - tf1_share) / error),
            "factor": 0.0 if same_factor else float("inf"),
        },
        std_ratio=float(share / tf1_share),
    )


def _std_error(values: NDArray[Any], reference: Statistics) -> float:
    """Returns |s1 - s2| over its standard error, sigma sqrt((kurtosis - 1) / 4n) per sample."""
    per_value = (reference["kurtosis"] - 1) / 4
    error = reference["std"] * np.sqrt(per_value * (1 / values.size + 1 / reference["count"]))
    return float(abs(values.std(dtype=np.float64) - reference["std"]) / error)


def _truncation_error(values: NDArray[Any], reference: Statistics) -> float:
    """Returns 0 if the extremes agree to one part in ten thousand, else infinity.

    Among ten million draws the largest is within one part in a million of the bound.
    """
    extremes = np.array([values.min(), values.max()], np.float64)
    tf1_extremes = np.array([reference["min"], reference["max"]])
    return 0.0 if np.allclose(extremes, tf1_extremes, rtol=1e-4, atol=0) else float("inf")


def _histogram_error(values: NDArray[Any], reference: Statistics) -> float:
    """Returns the two-sample chi-square over the recorded bins.

    The unit is the standard error, counted from the mean of chi-square.
    """
    edges, tf1_counts = reference["edges"].copy(), reference["histogram"]
    edges[[0, -1]] = -np.inf, np.inf
    counts = np.histogram(values, edges)[0]
    n, m = counts.sum(), tf1_counts.sum()
    # chi^2 = sum (sqrt(m/n) a - sqrt(n/m) b)^2 / (a + b), with bins - 1 degrees of freedom
    occupied = counts + tf1_counts > 0
    a, b = counts[occupied], tf1_counts[occupied]
    chi_square = np.sum((np.sqrt(m / n) * a - np.sqrt(n / m) * b) ** 2 / (a + b))
    freedom = len(a) - 1
    return float(max(0.0, (chi_square - freedom) / np.sqrt(2 * freedom)))
