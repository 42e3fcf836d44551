"""Turns dropout off in the evaluation of a graph that has no feed for it.

The graph of an Estimator's training, say, drops in each run, and Keras' layers do
nothing in evaluation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.graph.graph_session import GraphSession
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.structure import Structure

_FARTHEST = 6  # operations between what is drawn and what is kept
_SUMS, _PRODUCTS = ("Add", "AddV2", "Sub"), ("Mul",)
_DIVISIONS = ("RealDiv", "Div")


@dataclasses.dataclass(frozen=True)
class _Dropout:
    """Holds what `tf.nn.dropout` computes: `kept` has 1 or 0 for each entry of the inputs.

    `share` is the tensor of the share to keep, or of that to drop where `drops`. `scales` are the
    tensors by which the inputs may be multiplied, or divided where `divides`.
    """

    kept: str
    share: str
    drops: bool
    scales: tuple[str, ...]
    divides: bool


def masks(session: GraphSession, feeds: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Returns what to feed in evaluation, so that each dropout gives what it takes.

    The inputs were divided by the share to keep, so that the share itself takes the place of what
    is kept. A dropout without this division is left as it is.

    Args:
        session: a `GraphSession` whose variables have values.
        feeds: the feeds of the evaluation.

    Returns:
        `{tensor: array}`, for the dropouts that drop with these feeds.
    """
    structure = session.structure
    unfed = {
        name
        for name in structure.placeholders
        if f"{name}:0" not in feeds and not structure.has_default(name)
    }
    found = [
        each
        for each in _dropouts(structure)
        if not unfed & structure.ancestors([node_of(each.kept), node_of(each.share)])
    ]
    if not found:
        return {}
    asked = {name for each in found for name in (each.kept, each.share, *each.scales)}
    values = session.run({name: name for name in sorted(asked)}, feeds)
    fed = {}
    for each in found:
        share, kept = np.asarray(values[each.share]), np.asarray(values[each.kept])
        keep = 1 - float(share) if each.drops else float(share)
        numbers = [float(v) for name in each.scales if np.ndim(v := values[name]) == 0]
        wanted = keep if each.divides else 1 / keep if keep else np.inf
        if 0 < keep < 1 and any(abs(n / wanted - 1) < 1e-5 for n in numbers):
            fed[each.kept] = np.full(kept.shape, keep, kept.dtype)
    return fed


def _dropouts(structure: Structure) -> Iterator[_Dropout]:
    """Yields what draws a mask as `tf.nn.dropout` does in TensorFlow 1.13 to 1.15."""
    nodes, apart = structure.nodes, structure.in_loops | structure.in_branches
    for draw in structure.draws:
        reached = [node_of(draw)]
        for _ in range(_FARTHEST):
            reached += [n for each in reached[-8:] for n in structure.consumers[each]]
        for name in dict.fromkeys(reached):
            if name in apart:
                continue
            inputs = [each for each in nodes[name].input if not each.startswith("^")]
            if nodes[name].op == "GreaterEqual":  # uniform >= rate
                share, drops = inputs[1], True
                kept = [n for n in structure.consumers[name] if nodes[n].op == "Cast"]
            elif nodes[name].op == "Floor" and nodes[node_of(inputs[0])].op in _SUMS:
                terms = nodes[node_of(inputs[0])].input  # floor(keep_prob + uniform)
                free = [each for each in terms if node_of(each) not in reached]
                if len(free) != 1:
                    continue
                share, drops, kept = free[0], False, [name]
            else:
                continue
            for mask in kept:
                yield from _products(structure, mask, share, drops)


def _products(structure: Structure, mask: str, share: str, drops: bool) -> Iterator[_Dropout]:
    """Yields the dropout whose scaled inputs a mask multiplies, if there is one such product."""
    nodes = structure.nodes
    products = [n for n in structure.consumers[mask] if nodes[n].op in _PRODUCTS]
    forward = [n for n in products if n in structure.forward]
    if len(forward) != 1:
        return
    scaled = [node_of(e) for e in nodes[forward[0]].input if node_of(e) != mask]
    if len(scaled) != 1 or nodes[scaled[0]].op not in (*_PRODUCTS, *_DIVISIONS):
        return
    divides = nodes[scaled[0]].op in _DIVISIONS
    numbers = [full(e) for e in nodes[scaled[0]].input if not e.startswith("^")]
    scales = numbers[1:] if divides else numbers
    yield _Dropout(f"{mask}:0", full(share), drops, tuple(scales), divides)
