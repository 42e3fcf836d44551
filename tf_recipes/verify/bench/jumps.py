"""Judges a port that seems to differ by starts farther away, and tells where TF1's numbers jump.

Starts one ulp away are the least that a number can move, so that what is small drifts by a rounding
or by none. And a ReLU whose input is nearly zero is on in one run and off in another that is a few
roundings away, and its gradient with it. A port whose roundings are others may then be as far from
TF1 as TF1 is from itself, although starts one ulp away saw nothing of it.

So TF1 also trains from starts as many ulps away as a port may be far: `comparison.LIMIT`. Smooth
numbers drift as many times as far, which gives the unit once more. From the first step in which any
drifts very much farther, only what is beyond that drift, too, is a difference; what is within it
cannot be judged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tf_recipes.parity.comparison import LIMIT
from tf_recipes.verify.bench.judgement import LOSSES, Judged
from tf_recipes.verify.bench.reference import Sensitivity

STEADY = 2.0  # times as far as numbers in proportion to the start that no jump has touched
SMOOTH = 10.0  # times as far as numbers in proportion to the start may drift and are no jump


def first_step(judged: Sequence[Judged], farther: Sensitivity) -> int | None:
    """Returns the first step, from 0, in which TF1's own numbers jump, or None.

    Args:
        judged: the arrays of a training, with their drifts one ulp away.
        farther: TF1's drifts from starts `comparison.LIMIT` ulps away.
    """
    found = []
    for each in judged:
        far = _of(each.name, farther)
        near = np.asarray(each.sensitivity)[: len(far)]
        jumps = np.flatnonzero(far[: len(near)] > SMOOTH * LIMIT * near)
        found += [int(step) for step in jumps[:1]]
    return min(found, default=None)


def in_proportion(judged: Judged, farther: Sensitivity) -> Judged:
    """Returns an array judged by the larger unit: one ulp, or its share of the farther starts.

    Args:
        judged: the array, with its drifts one ulp away.
        farther: TF1's drifts from the farther starts; in the first steps, or in all.
    """
    units = np.array(judged.sensitivity)
    share = _of(judged.name, farther)[: len(units)] / LIMIT
    units[: len(share)] = np.fmax(units[: len(share)], share)
    return dataclasses.replace(judged, sensitivity=units.tolist())


def beyond(
    judged: Sequence[Judged], kinds: Mapping[str, str], farther: Sensitivity, step: int
) -> list[Judged]:
    """Returns the arrays judged by the farther starts from a step on.

    Which of many units changes is chance: in the port another one may than in the few starts. So
    the arrays of one kind share the largest drift among them. In the very first step a kind of
    which no array jumps keeps its own: the losses and the moving averages come from the forward
    pass, and the outputs of a ReLU do not jump where its gradient does.

    Args:
        judged: the arrays, with their drifts one ulp away.
        kinds: `{variable: what it is}`, such as a weight or a slot of momentum.
        farther: TF1's drifts from the farther starts, in as many steps.
        step: the first step, from 0, in which TF1's numbers jump.
    """
    largest: dict[str, NDArray[np.float64]] = {}
    steady: set[str] = set()
    for each in judged:
        far = _of(each.name, farther)[: len(each.sensitivity)]
        own, kind = np.fmax(each.sensitivity, far), kinds.get(each.name, each.name)
        if kind not in largest:
            steady.add(kind)
        if far[step] > STEADY * LIMIT * each.sensitivity[step]:
            steady.discard(kind)
        largest[kind] = np.fmax(own, largest.get(kind, own))
    found = []
    for each in judged:
        kind = kinds.get(each.name, each.name)
        first = 1 if step == 0 and kind in steady else step
        near = in_proportion(each, farther).sensitivity[:first]
        units = [*near, *largest[kind][first:].tolist()]
        found.append(dataclasses.replace(each, sensitivity=units, jump=step))
    return found


def output_beyond(judged: Judged, tensor: str, farther: Sensitivity, jumps: bool) -> Judged:
    """Returns an output after the training, judged by the farther starts.

    Args:
        judged: the output, with its drift one ulp away.
        tensor: TF1's tensor.
        farther: TF1's drifts from the farther starts, to the last step.
        jumps: whether a number of the training jumps.
    """
    far = farther.outputs[tensor] / (1.0 if jumps else LIMIT)
    unit = max(judged.sensitivity[0], far if np.isfinite(far) else 0.0)
    return dataclasses.replace(judged, sensitivity=[unit], jump=0 if jumps else None)


def _of(name: str, farther: Sensitivity) -> NDArray[np.float64]:
    """Returns the drifts of an array, for each step; 0 for one that is infinite."""
    if name == LOSSES:
        found = np.asarray(farther.losses, np.float64)
    else:
        found = np.array([each[name] for each in farther.variables], np.float64)
    # an infinite drift, of what is zero elsewhere, must not loosen anything
    return np.where(np.isfinite(found), found, 0.0)
