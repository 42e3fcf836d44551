"""Tries the numbers and the statistics that the graph's batch norms have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from tf_recipes.blocks.batch_norm import STATISTICS, BatchNormalization
from tf_recipes.graph.facts import Normalization
from tf_recipes.verify.bench.substitution import (
    FORWARD,
    TRAINING,
    Case,
    Substitution,
    by_place,
    rounded,
)


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields each number of the graph for all batch norms at once, then all numbers together."""
    pairs = [
        (layer, facts)
        for layer in case.layers(keras.layers.BatchNormalization)
        if (facts := case.facts.normalization(case.variables_of(layer))) is not None
    ]
    if not pairs or case.stage not in (FORWARD, TRAINING):
        return
    first, facts = pairs[0]
    other_epsilon = facts.epsilon is not None and rounded(facts.epsilon) != rounded(first.epsilon)
    if other_epsilon:
        yield _changed(case, pairs, ("epsilon",))
    if case.stage != TRAINING:
        yield _changed(case, pairs, ("batch",))
        if other_epsilon:
            yield _changed(case, pairs, ("batch", "epsilon"))
        return
    if facts.decay is not None and rounded(facts.decay) != rounded(first.momentum):
        yield _changed(case, pairs, ("decay",))
    elif _in_float32(first.momentum) != first.momentum:
        yield _changed(case, pairs, ("float32",))
    frozen = [layer for layer, _ in pairs if not layer.trainable]
    if frozen:
        yield _changed(case, pairs, ("frozen",))
    if facts.decay is None:
        yield _changed(case, pairs, ("moving",))
        yield _changed(case, pairs, ("still",))
    ours = isinstance(first, BatchNormalization)
    if facts.fused != (ours and first.fused is not False):
        yield _changed(case, pairs, ("variance",))
        wrong = {
            "epsilon": other_epsilon,
            "decay": facts.decay is not None and rounded(facts.decay) != rounded(first.momentum),
            "frozen": bool(frozen),
        }
        if any(wrong.values()):
            others = (each for each, differs in wrong.items() if differs)
            yield _changed(case, pairs, (*others, "variance"))


_NAMES = {
    "epsilon": "batch_norm_epsilon",
    "decay": "batch_norm_decay",
    "float32": "batch_norm_decay",
    "variance": "batch_norm_variance",
    "frozen": "frozen_batch_norm",
    "still": "frozen_batch_norm",
    "batch": "batch_norm_statistics",
    "moving": "batch_norm_statistics",
}


def _changed(
    case: Case, pairs: list[tuple[Any, Normalization]], what: tuple[str, ...]
) -> Substitution:
    layer, facts = pairs[0]
    ours = isinstance(layer, BatchNormalization)
    told = next((each for each in what if each in STATISTICS), None)
    statistics = told or getattr(layer, "statistics", None)
    to_ours = "variance" in what and not (ours and layer.fused is not False)

    def change(model: keras.Model, _: Any) -> None:
        for original, told in pairs:
            _set(by_place(model, case.model, original), told, what, to_ours)

    texts = {
        "epsilon": f"epsilon={rounded(facts.epsilon or 0.0)}; the port has {layer.epsilon}",
        "decay": f"momentum={rounded(facts.decay or 0.0)}, TF1's decay; the port has "
        f"{layer.momentum}",
        "float32": f"momentum={_in_float32(layer.momentum)}: where `training` is a tensor, TF1 "
        "takes 1 - decay in float32",
        "frozen": "trainable=True: TF1 trains it and updates its averages",
        "still": "momentum=1.0: this TF1 program never runs the update ops of the averages",
        "variance": "the moving variance of TF1's fused kernel, with N/(N-1)"
        if to_ours
        else "the moving variance without N/(N-1): this graph's batch norm is not fused",
    }
    texts |= {
        "batch": "the statistics of the batch in evaluation, too: this graph has training=True",
        "moving": "the moving averages in training, too, as tf.layers.batch_normalization takes "
        "them where `training` is not given",
    }
    parts = [texts[each] for each in what if each != "frozen" or what == ("frozen",)]
    name = _NAMES[what[0]] if len(what) == 1 else "batch_norm"
    epsilon = rounded(facts.epsilon if facts.epsilon is not None else layer.epsilon)
    decay = rounded(facts.decay if facts.decay is not None else layer.momentum)
    kind = "tf_recipes.BatchNormalization" if to_ours else "keras.layers.BatchNormalization"
    if (ours and not to_ours) or statistics:
        kind = "tf_recipes.BatchNormalization"
    unfused = "variance" in what and not to_ours if told is None else not facts.fused
    if ours and told is None and "variance" not in what:
        unfused = layer.fused is False
    fused = ", fused=False" if kind.startswith("tf_recipes") and unfused else ""
    if statistics:
        fused = f', statistics="{statistics}"{fused}'
    still = "still" in what or (told and facts.decay is None)
    momentum = 1.0 if still else decay
    if "float32" in what:
        momentum = _in_float32(layer.momentum)
    center = "" if layer.center else ", center=False"
    code = f"{kind}(momentum={momentum}, epsilon={epsilon}, scale={layer.scale}{center}{fused})"
    return Substitution(
        name,
        f"replace the batch norms by `{code}`: {'; '.join(parts)}",
        code,
        change,
        layer.name,
    )


def _set(layer: Any, told: Normalization, what: tuple[str, ...], to_ours: bool) -> None:
    if "epsilon" in what and told.epsilon is not None:
        layer.epsilon = told.epsilon
    if "decay" in what and told.decay is not None:
        layer.momentum = told.decay
    if "float32" in what:
        layer.momentum = _in_float32(layer.momentum)
    statistics = next((each for each in what if each in STATISTICS), None)
    if "still" in what or (statistics and told.decay is None):
        layer.momentum = 1.0
    if "frozen" in what:
        layer.trainable = True
    if statistics and isinstance(layer, BatchNormalization):
        layer.statistics = statistics
    elif statistics:
        _replace_call(layer, told.fused, statistics)
    if "variance" not in what:
        return
    if isinstance(layer, BatchNormalization):
        layer.fused = False if not to_ours else None
        return
    _replace_call(layer, None)


def _in_float32(value: float) -> float:
    """Returns the number that float32 holds for a decimal.

    >>> _in_float32(0.997)
    0.996999979019165
    """
    return float(np.float32(value))


def _replace_call(layer: Any, fused: bool | None, statistics: str | None = None) -> None:
    """Makes a layer of Keras compute what this package's layer computes with its variables."""
    other = BatchNormalization(
        axis=layer.axis,
        momentum=layer.momentum,
        epsilon=layer.epsilon,
        center=layer.center,
        scale=layer.scale,
        fused=None if fused else fused,
        statistics=statistics,
        dtype=layer.dtype_policy,
    )
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        object.__setattr__(other, name, getattr(layer, name, None))
    object.__setattr__(layer, "call", other.call)
