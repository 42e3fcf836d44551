"""Gives the start and the feeds of a recording as those of a checkpoint are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph import meta_graph
from tf_recipes.graph.graph_session import GraphSession, Values
from tf_recipes.graph.nodes import full
from tf_recipes.graph.structure import Structure
from tf_recipes.parity.comparison import FARTHEST, LIMIT, relative_drift
from tf_recipes.verify.bench import feeds
from tf_recipes.verify.bench.reference import Steps
from tf_recipes.verify.recording.recording_file import Recording

ROWS = ("feed", "iterator", "queue", "outside")  # the kinds of what comes in with the batch


def graph(recording: Recording) -> meta_graph.MetaGraph:
    """Returns the graph of a recording."""
    return meta_graph.parse(recording.graph, recording.source)


def structure(
    recording: Recording, parsed: meta_graph.MetaGraph, loss: str | None = None
) -> Structure:
    """Returns the structure of a recording's graph, with all operations that its steps ran.

    Raises:
        ValueError: if the steps ran different operations.
    """
    if len(set(recording.updates)) != 1:
        validation.fail(
            "Each recorded step must run the same operations.",
            f"{len(set(recording.updates))} different sets in {recording.source!r}",
            "Record a part of the program in which the steps are alike.",
        )
    return Structure(parsed, [recording.train_op, *recording.updates[0]], loss or recording.loss)


def arrays(recording: Recording) -> dict[str, NDArray[Any]]:
    """Returns the first batch: what came in with rows."""
    first = recording.values[1]
    return {n: v for n, v in first.items() if recording.kinds[n] in ROWS and v.ndim > 0}


def start(recording: Recording, session: GraphSession) -> Values:
    """Sets the variables to those of the recording, and returns them."""
    missing = sorted({*session.structure.variables} - {*recording.initial})
    if missing:
        validation.fail(
            "A recording must have each variable of a step.",
            f"{recording.source!r} without {shortened(missing[0], 80)!r}",
            "Record the program again.",
        )
    session.assign(recording.initial)
    return session.values()


def between(recording: Recording) -> dict[int, Sequence[str]]:
    """Returns the operations that the program ran after each step.

    Raises:
        ValueError: if they were fed, since their feeds are not recorded.
    """
    found: dict[int, list[str]] = {}
    for run in recording.between:
        if run.fed:
            validation.fail(
                "What runs between the steps must not be fed.",
                f"{shortened(run.fed[0], 80)!r} after step {run.after}",
                "Group the operation with the training operation, and record again.",
            )
        found.setdefault(run.after, []).extend(run.operations * run.times)
    return dict(found)


class RecordedFeeds(feeds.Feeds):
    """Gives the recorded values of each step; predictions are compared on the first batch."""

    def __init__(self, recording: Recording, evaluation: Mapping[str, Any], steps: int) -> None:
        batch = arrays(recording)
        rows = max((len(value) for value in batch.values()), default=1)
        count = min(steps, recording.steps)
        scalars = {
            name: value
            for name, value in recording.values[1].items()
            if recording.kinds[name] == "feed" and value.ndim == 0
        }
        named = {full(n): np.asarray(v) for n, v in evaluation.items()}
        super().__init__(batch, scalars, named, [np.arange(rows)] * count, np.arange(rows))
        object.__setattr__(self, "_values", recording.values)

    def step(self, number: int) -> dict[str, Any]:
        """Returns all that came into a step, random numbers included."""
        values: Mapping[int, Mapping[str, Any]] = vars(self)["_values"]
        return dict(values[number + 1])


def check_followed(recording: Recording, steps: Steps, names: Sequence[str]) -> None:
    """Checks that the graph here does what the program did where it was recorded.

    Raises:
        ValueError: if a variable is further away than from starts one ulp away.
    """
    epsilon = float(np.finfo("f4").eps)
    for step, values in recording.variables.items():
        if step > len(steps.sensitivity.variables):
            continue
        for name in names:
            if name in steps.noise or name not in values:
                continue
            drift = relative_drift(steps.run.variables[step - 1][name], values[name])
            own = max(epsilon, steps.sensitivity.variables[step - 1][name])
            if not (drift <= LIMIT * own and drift <= FARTHEST):
                validation.fail(
                    "The graph must do here what the recorded program did.",
                    f"{shortened(name, 80)!r} is {drift:.2g} away after step {step}, "
                    f"{drift / own:.2g} times TF1's own drift",
                    "Record all that a step takes from outside; see `unrecorded` in the file.",
                )
