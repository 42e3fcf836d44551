"""Trains a TF1 graph for some steps, from its own start and from starts one ulp away."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.graph.graph_session import GraphSession, Values
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure

Feeds = Mapping[str, Any]
_NUMBERS = ("rate", "momentum", "decay", "epsilon", "beta1", "beta2", "rho", "l1", "l2")


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """Holds what each step of a graph did; the lists have one entry for each step.

    `losses` (steps,) are those before each update, and `outputs` the evaluated tensors after the
    last one. `variables` are all variables after each step. `drawn` are the random tensors, and
    `masks` the bool tensors that dropout makes of them. `numbers` are the optimizer's numbers:
    `{update operation: {"rate": …}}`.
    """

    losses: NDArray[Any]
    variables: Sequence[Values]
    outputs: Values
    drawn: Sequence[Values] = ()
    masks: Sequence[Values] = ()
    numbers: Sequence[Mapping[str, Mapping[str, float]]] = ()


def train(
    session: GraphSession,
    initial: Mapping[str, NDArray[Any]],
    steps: Sequence[Feeds],
    evaluated: Sequence[str] = (),
    evaluation: Feeds | None = None,
    drawn: Sequence[Values] = (),
    between: Mapping[int, Sequence[str]] = types.MappingProxyType({}),
    on_step: Callable[[], object] = lambda: None,
    after: Callable[[int, Values], object] | None = None,
) -> Trajectory:
    """Trains the graph from given values of its variables.

    Args:
        session: a `GraphSession`.
        initial: `{variable: value}` before the first step.
        steps: the feeds of each step.
        evaluated: tensors to evaluate after the last step.
        evaluation: the feeds for that.
        drawn: the random tensors of each step from an earlier run; they are drawn anew without.
        between: `{step: operations}` that the program runs after a step, such as a clip of weights;
            the variables of a step are those before them.
        on_step: called after each step.
        after: takes each step, counted from 0, and the variables after it, which then are not kept:
            they may change in the next step. None keeps them.
    """
    structure = session.structure
    mask_of = dropout_masks(structure)
    fetched: dict[str, Any] = {
        "step": [structure.train_op, *structure.also],
        "loss": structure.loss,
    }
    if not drawn:
        fetched["drawn"] = {name: name for name in structure.draws}
        fetched["masks"] = {name: name for name in mask_of.values()}
        fetched["numbers"] = {
            update.name: {r: t for r, t in update.tensors.items() if r in _NUMBERS}
            for update in structure.updates
        }
    session.assign(initial)
    losses, variables = [], []
    given: dict[str, list[Any]] = {"drawn": [], "masks": [], "numbers": []}
    asked = fetched
    for number, feeds in enumerate(steps):
        replayed = drawn[number] if drawn else {}
        if not drawn:
            asked, replayed = _with_draws(session, fetched, feeds)
        got = session.run(asked, {**feeds, **replayed})
        losses.append(np.asarray(got["loss"]))
        for name, kept in given.items() if not drawn else ():
            kept.append({**replayed, **got["drawn"]} if name == "drawn" else got[name])
        if after is None:
            variables.append(session.values())
        else:
            after(number, session.values(copied=False))
        for operation in between.get(number + 1, ()):
            session.run(operation, {})
        on_step()
    outputs = {}
    if evaluated and evaluation is not None:
        outputs = session.run({name: name for name in evaluated}, evaluation)
    numbers = [
        {op: {r: float(v) for r, v in each.items()} for op, each in step.items()}
        for step in given["numbers"]
    ]
    return Trajectory(
        np.array([float(np.sum(loss, dtype=np.float64)) for loss in losses]),
        variables,
        outputs,
        given["drawn"],
        given["masks"],
        numbers,
    )


def _with_draws(
    session: GraphSession, fetched: Mapping[str, Any], feeds: Feeds
) -> tuple[dict[str, Any], Values]:
    """Returns what a step can fetch, and what is drawn before it, since a branch may depend on it.

    Of what lies inside the branches of a `tf.cond`, one branch alone has values.
    """
    inside = session.structure.in_branches
    drawn: Values = {}
    if any(node_of(each) in inside for each in fetched["drawn"]):
        outside = [n for n in fetched["drawn"] if node_of(n) not in inside and n not in feeds]
        drawn = dict(session.run({name: name for name in outside}, feeds))
    asked = dict(fetched)
    for name in ("drawn", "masks"):
        live = session.live(fetched[name], {**feeds, **drawn})
        asked[name] = {each: each for each in live if each not in drawn}
    return asked, drawn


def dropout_masks(structure: Structure) -> dict[str, str]:
    """Returns `{random tensor: the tensor of the mask that dropout makes of it}`.

    Until TF 1.12 the mask is `floor(keep_prob + uniform)`, later `uniform >= rate`.
    """
    masks = {}
    for draw in structure.draws:
        waiting, seen = [(node_of(draw), 0)], set()
        while waiting:
            name, depth = waiting.pop(0)
            if structure.nodes[name].op in ("Floor", "GreaterEqual", "Less"):
                if _only_chooses(structure, name):  # the condition of a `tf.cond`
                    break
                masks[draw] = f"{name}:0"
                break
            if depth < 5 and name not in seen:
                seen.add(name)
                waiting += [
                    (each, depth + 1)
                    for each in structure.consumers[name]
                    if each in structure.step
                ]
    return masks


def _only_chooses(structure: Structure, name: str) -> bool:
    """Returns whether a node's value does nothing but choose a branch."""
    takers = structure.consumers[name]
    while takers and all(structure.nodes[each].op == "Identity" for each in takers):
        takers = [taker for each in takers for taker in structure.consumers[each]]
    ops = {structure.nodes[each].op for each in takers}
    return bool(ops) and ops <= {"Switch", "RefSwitch", "Identity", "If", "StatelessIf"}
