"""Bounds how far TF1 can drift from itself, so that no trace's own numbers decide what matches.

A trace says how far TF1 drifted when it started one ulp away; larger numbers there make any port
match. So a number that rounding in the recipe's dtype does not explain counts only where TF1's own
graph, run in the installed TensorFlow, drifts as far. Without TensorFlow it does not count at all.
"""

import dataclasses
import importlib.util
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.parity.comparison import FARTHEST, LIMIT, LOGITS, dwarfed, relative_drift
from tf_recipes.parity.trace import Trace

CHAOTIC = FARTHEST / LIMIT  # above this drift of TF1 from itself, a match would prove nothing
STARTS = 8  # starts one ulp away that TF1's graph is run from at most
FACTOR = 4.0  # how much further TF1 may have drifted from its starts than the graph here from these
DWARFED = 2000.0  # how many times as large as trained entries their scale may be: honest ones 60
REMEDY = "Record a trace of fewer steps or of another recipe."

Moment = int | str  # a recorded step, or `LOGITS`


def doubt(trace: Trace, trusted: bool = False) -> str:
    """Returns why a trace cannot be judged by its sensitivities; an empty text if it can.

    Args:
        trace: a `tf_recipes.parity.trace.Trace`.
        trusted: whether the sensitivities were measured just now, and do not come from a file.
    """
    recorded = largest_recorded(trace)
    moment = max(recorded, key=lambda each: recorded[each])
    if recorded[moment] > CHAOTIC:
        return (
            f"{trace.source}: TF1 must drift from itself by at most {CHAOTIC:.1%}; else a match "
            f"proves nothing. Received: {_named(moment)}={recorded[moment]:.3g}. {REMEDY}"
        )
    if trusted:
        return ""
    if hidden := _hidden(trace):
        return hidden
    found = _unexplained(trace, recorded)
    if not found:
        return ""
    moment, own = found
    return (
        f"{trace.source}: a sensitivity must be at most {FACTOR:g} times the drift of TF1's own "
        f"graph from itself, here {own:.3g}. Received: {_named(moment)}={recorded[moment]:.3g}. "
        "Record the trace again."
    )


def _hidden(trace: Trace) -> str:
    """Returns why most entries of an array hide the others; an empty text if they hide none."""
    for step, names in trace.variables.items():
        for name, array in names.items():
            if (times := dwarfed(array, trace.initial[name])) > DWARFED:
                return (
                    f"{trace.source}: what sets the scale of the trained entries of an array may "
                    f"be at most {DWARFED:g} times as large as they are; else a difference among "
                    f"them does not show. Received: variables/{step}/{name}, {times:.3g} times. "
                    "Record a trace of another recipe or of other initial weights."
                )
    return ""


def has_graph() -> bool:
    """Returns whether TensorFlow is installed, which runs TF1's own graph."""
    return importlib.util.find_spec("tensorflow") is not None


def bounded(trace: Trace) -> tuple[Trace, str]:
    """Bounds the sensitivities by what roundings explain, for a judgement without TF1's graph.

    The judgement is never looser than the one with the graph: a sensitivity only becomes smaller,
    so that a ratio only grows. A port that matches here matches there.

    Returns:
        The trace, and one line that says what became smaller; an empty text if nothing did.
    """
    recorded = largest_recorded(trace)
    lowered = [moment for moment in recorded if recorded[moment] > _bound(trace, moment)]
    if not lowered or max(recorded.values()) > CHAOTIC:
        return trace, ""
    sensitivity = {
        step: {name: min(own, _bound(trace, step)) for name, own in names.items()}
        for step, names in trace.sensitivity.items()
    }
    logits = min(trace.logits_sensitivity, _bound(trace, LOGITS))
    note = (
        f"{trace.recipe.name}: judged more strictly, against what roundings alone explain; "
        "TensorFlow is not installed, so that TF1's own graph cannot run."
    )
    return dataclasses.replace(trace, sensitivity=sensitivity, logits_sensitivity=logits), note


def largest_recorded(trace: Trace) -> dict[Moment, float]:
    """Returns the largest sensitivity of each recorded step, and that of the logits."""
    steps: dict[Moment, float] = {
        step: max(own.values()) for step, own in trace.sensitivity.items()
    }
    return {**steps, LOGITS: trace.logits_sensitivity}


def explained(dtype: str, step: int) -> float:
    """Returns the drift that roundings alone explain after some steps.

    A step rounds each number a few times, and errors of random sign add up like a random walk.

    Args:
        dtype: the recipe's dtype.
        step: the number of training steps.
    """
    return float(np.finfo(dtype).eps) * (10 + math.sqrt(step))


def _bound(trace: Trace, moment: Moment) -> float:
    """Returns what roundings explain at a recorded step, or in the logits after the last one."""
    step = trace.recipe.steps if moment == LOGITS else int(moment)
    return explained(trace.recipe.dtype, step)


def _named(moment: Moment) -> str:
    return f"sensitivity/{moment}"


def _unexplained(trace: Trace, recorded: Mapping[Moment, float]) -> tuple[Moment, float] | None:
    """Returns a moment whose sensitivity is too large, and the graph's own drift; None without."""
    open_moments = [moment for moment in recorded if recorded[moment] > _bound(trace, moment)]
    if not open_moments:
        return None
    own: dict[Moment, float] = dict.fromkeys(recorded, 0.0)
    for drifts in _graph_drifts(trace):
        own = {moment: max(own[moment], drifts[moment]) for moment in own}
        open_moments = [each for each in open_moments if recorded[each] > FACTOR * own[each]]
        if not open_moments:
            return None
    return open_moments[0], own[open_moments[0]]


def _graph_drifts(trace: Trace) -> Iterator[dict[Moment, float]]:
    """Yields how far TF1's graph drifts from itself, here, from each of `STARTS` starts.

    The variables, losses and logits of the trace play no part in it.
    """
    from tf_recipes.parity.tf1 import compat  # imports TensorFlow

    record = compat.originals()
    seed = trace.recipe.seed

    def starts() -> Iterator[Mapping[str, NDArray[Any]]]:
        yield trace.initial
        for k in range(STARTS):
            yield record.one_ulp_away(trace.initial, seed + k)

    pool = trace.images, trace.labels, trace.batches, set(trace.steps)
    runs = record.runs(trace.recipe, *pool, starts=starts(), masks=trace.masks)
    first = next(runs)
    for run in runs:
        drifts: dict[Moment, float] = {LOGITS: relative_drift(run["logits"], first["logits"])}
        for step, names in trace.variables.items():
            keys = [f"variables/{step}/{name}" for name in names]
            drifts[step] = max(relative_drift(run[key], first[key]) for key in keys)
        yield drifts
