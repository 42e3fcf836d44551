"""Joins TF1's moving averages of weights to those that a Keras optimizer keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support.wrapped_optimizers import from_outside
from tf_recipes.blocks.moving_averages import ExponentialMovingAverage
from tf_recipes.graph.roles import Roles
from tf_recipes.verify.bench.slots import SlotLink
from tf_recipes.verify.bench.variable_map import Map

_OURS, _KERAS = "ExponentialMovingAverage", "average"  # the last part of an average's name


def find(
    roles: Roles,
    found: Map,
    optimizer: keras.optimizers.Optimizer,
    values: Mapping[str, NDArray[Any]],
) -> list[SlotLink]:
    """Returns the averages that both sides have; none for an optimizer that keeps no averages.

    Args:
        roles: the roles of the variables of the graph.
        found: the map of the variables.
        optimizer: the optimizer of the model, which is built.
        values: `{variable: value}` in the checkpoint.
    """
    links: dict[str, SlotLink] = {}
    joined = {link.tf1: link for link in found.links}
    for each in from_outside(optimizer):
        ours = isinstance(each, ExponentialMovingAverage)
        if not ours and not getattr(each, "use_ema", False):
            continue
        there = {v.path.rpartition("/")[2]: v for v in each.variables}
        for shadow, owner in roles.shadows.items():
            link = joined.get(owner)
            if link is None or shadow not in values or shadow in links:
                continue
            name = f"{link.keras.path.replace('/', '_')}_{_OURS if ours else _KERAS}"
            if name in there:
                links[shadow] = SlotLink(
                    shadow, there[name], _KERAS, link.transposed, each, link.keras
                )
    return list(links.values())


def start(
    roles: Roles, links: list[SlotLink], values: Mapping[str, NDArray[Any]], steps: int
) -> None:
    """Sets the averages of a Keras optimizer to TF1's, where TF1 has moved them before.

    Args:
        roles: the roles of the variables of the graph.
        links: what `find` returned.
        values: `{variable: value}` in the checkpoint.
        steps: how many steps TF1 took before, as far as a counter tells.
    """
    moved = any(not np.array_equal(values[e.tf1], values[roles.shadows[e.tf1]]) for e in links)
    if not moved and not steps:
        return  # the first step of both begins with the weights
    for link in links:
        link.assign(values[link.tf1])
        if isinstance(link.optimizer, ExponentialMovingAverage):
            link.optimizer.updates.assign(max(steps, 1))
        else:
            link.optimizer.iterations.assign(max(steps, 1))
