"""Proof for what is drawn at random: the same distribution as TF1's, since no seed can match.

Each port draws ten million values, as TF1.15 did for `distributions.npz`. What differs is judged
against chance: a deviation of five standard errors happens once in two million fair comparisons.
"""

import dataclasses
from pathlib import Path

import keras
import numpy as np
from keras import ops

from tf_recipes.ports import PORTS
from tf_recipes.recipe import Recipe

RECORDED = Path(__file__).parent / "distributions.npz"
LIMIT = 5.0  # standard errors
SHAPE = (784, 12800)
SEED = 1


@dataclasses.dataclass(frozen=True)
class DistributionCheck:
    """One port's draws against TF1's.

    Attributes:
        deviations: `{statistic: standard errors}`; infinite where a hard bound is broken.
        std_ratio: the port's standard deviation (initialisers) or kept share (dropout) over TF1's.
    """

    name: str
    port: str
    deviations: dict
    std_ratio: float

    @property
    def worst(self):
        """The statistic that deviates most, and by how many standard errors."""
        return max(self.deviations.items(), key=lambda item: (np.isnan(item[1]), item[1]))

    @property
    def passed(self):
        return bool(self.deviations) and all(z <= LIMIT for z in self.deviations.values())


def load(path=RECORDED):
    """The recorded statistics, `{name: {key: value}}`."""
    recorded = {}
    with np.load(path, allow_pickle=False) as file:
        for key in file.files:
            name, _, statistic = key.partition("/")
            if statistic:
                recorded.setdefault(name, {})[statistic] = file[key]
    return recorded


def check_all(ports):
    """A `DistributionCheck` of each initialiser and each dropout share, for each named port."""
    for name, reference in load().items():
        for port in ports:
            if name.startswith("dropout_"):
                yield check_dropout(name, reference, port)
            else:
                yield check_initializer(name, reference, port)


def check_initializer(name, reference, port):
    """Compares an initialiser's draws: standard deviation, truncation, and the whole histogram."""
    recipe = Recipe(name=name, initializer=name)
    make = PORTS.get(port, port).initializer(recipe)
    values = np.asarray(ops.convert_to_numpy(make(seed=SEED)(SHAPE, dtype="float32"))).ravel()
    return DistributionCheck(
        name=f"{name} initialiser",
        port=getattr(port, "name", port),
        deviations={
            "standard deviation": _std_error(values, reference),
            "truncation": _truncation_error(values, reference),
            "two-sample chi-square": _histogram_error(values, reference),
        },
        std_ratio=float(values.std(dtype=np.float64) / reference["std"]),
    )


def check_dropout(name, reference, port):
    """Compares a dropout layer: the share it keeps, and the factor on what it keeps."""
    keep_prob = float(name.removeprefix("dropout_"))
    recipe = Recipe(name="dropout", keep_prob=keep_prob, seed=SEED)
    layer = PORTS.get(port, port).dropout(recipe, name="X_dropout", dtype="float32")
    outputs = ops.convert_to_numpy(layer(keras.ops.ones(SHAPE), training=True))
    kept, count = np.count_nonzero(outputs), outputs.size
    factors = np.unique(outputs[outputs != 0])
    ours, theirs = kept / count, reference["kept"] / reference["count"]
    error = np.sqrt(keep_prob * (1 - keep_prob) * (1 / count + 1 / reference["count"]))
    same_factor = len(factors) == 1 and np.isclose(
        factors[0], reference["scale"][0], rtol=np.finfo(np.float32).eps, atol=0
    )
    return DistributionCheck(
        name=f"dropout, keep_prob {keep_prob}",
        port=getattr(port, "name", port),
        deviations={
            "kept share": float(abs(ours - theirs) / error),
            "factor": 0.0 if same_factor else float("inf"),
        },
        std_ratio=float(ours / theirs),
    )


def _std_error(values, reference):
    """|s1 - s2| over its standard error, sigma sqrt((kurtosis - 1) / 4n) for each sample."""
    per_value = (reference["kurtosis"] - 1) / 4
    error = reference["std"] * np.sqrt(per_value * (1 / values.size + 1 / reference["count"]))
    return float(abs(values.std(dtype=np.float64) - reference["std"]) / error)


def _truncation_error(values, reference):
    """0 where the extremes agree to one part in ten thousand, infinite elsewhere.

    Among ten million draws the largest is within one part in a million of the bound.
    """
    ours = np.array([values.min(), values.max()], np.float64)
    theirs = np.array([reference["min"], reference["max"]])
    return 0.0 if np.allclose(ours, theirs, rtol=1e-4, atol=0) else float("inf")


def _histogram_error(values, reference):
    """Two-sample chi-square over the recorded bins, as standard errors above its mean."""
    edges, theirs = reference["edges"].copy(), reference["histogram"]
    edges[[0, -1]] = -np.inf, np.inf
    ours = np.histogram(values, edges)[0]
    n, m = ours.sum(), theirs.sum()
    # chi^2 = sum (sqrt(m/n) a - sqrt(n/m) b)^2 / (a + b), with bins - 1 degrees of freedom
    occupied = ours + theirs > 0
    a, b = ours[occupied], theirs[occupied]
    chi_square = np.sum((np.sqrt(m / n) * a - np.sqrt(n / m) * b) ** 2 / (a + b))
    freedom = len(a) - 1
    return float(max(0.0, (chi_square - freedom) / np.sqrt(2 * freedom)))
