"""Reads from a TF1 training graph what its layers and its optimizer were told."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.graph.graph_session import GraphSession
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.trajectory import Trajectory
from tf_recipes.graph.update_ops import Update

_CLIPS = {
    "clip_by_value": "value",
    "ClipByValue": "value",
    "clip_by_global_norm": "global_norm",
    "clip_by_norm": "norm",
}
_SUMS = ("Add", "AddV2", "AddN")
_LARGE = 2.0**20  # so large that the rest of a loss is lost in its rounding


@dataclasses.dataclass(frozen=True)
class Clipping:
    """Holds how gradients are clipped: `kind` is "value", "norm" or "global_norm"."""

    kind: str
    threshold: float


@dataclasses.dataclass(frozen=True)
class Normalization:
    """Holds what a batch normalization was told.

    `fused` says whether TF1's fused kernel computes it, `decay` is None where the averages are not
    updated in the step.
    """

    scope: str
    epsilon: float | None
    decay: float | None
    fused: bool


@dataclasses.dataclass(frozen=True)
class MaxNorm:
    """Holds the bound on the norm of a variable, and the axes that the norm is taken over."""

    threshold: float
    axes: tuple[int, ...] | None


class Facts:
    """Answers questions about the numbers in a graph.

    Args:
        session: a `GraphSession`.
        run: what some training steps did.
        feeds: the feeds of a training step.
        initial: `{variable: value}` at the start.
    """

    def __init__(
        self,
        session: GraphSession,
        run: Trajectory | None,
        feeds: Mapping[str, Any],
        initial: Mapping[str, NDArray[Any]],
    ) -> None:
        self._session, self._structure = session, session.structure
        self._run, self._feeds, self._initial = run, feeds, initial

    @functools.cached_property
    def update(self) -> Update | None:
        """Returns the update operation of one trained variable; they all have its numbers."""
        updates = sorted(self._structure.updates, key=lambda each: each.sparse)
        return next(iter(updates), None)

    @functools.cached_property
    def rates(self) -> list[float]:
        """Returns the learning rate of each step, or none where it is no tensor of the graph."""
        if self._run is None or self.update is None:
            return []
        found = [numbers.get(self.update.name, {}).get("rate") for numbers in self._run.numbers]
        return [rate for rate in found if rate is not None]

    @functools.cached_property
    def numbers(self) -> Mapping[str, float]:
        """Returns the optimizer's numbers in the first step, by the kernels' names."""
        if self._run is None or self.update is None or not self._run.numbers:
            return {}
        return self._run.numbers[0].get(self.update.name, {})

    def constant_slot(self, role: str) -> float | None:
        """Returns the one value that all entries of a slot have at the start, or None."""
        slot = self.update.slots.get(role) if self.update else None
        value = self._initial.get(slot) if slot else None
        if value is None or value.size == 0 or (value != value.flat[0]).any():
            return None
        return float(str(np.float32(value.flat[0])))

    @functools.cached_property
    def clipping(self) -> Clipping | None:
        """Returns how the gradients are clipped before the updates, or None."""
        found = (
            self._clip_of(node_of(update.tensors["gradient"]))
            for update in self._structure.updates
            if "gradient" in update.tensors
        )
        return next((each for each in found if each is not None), None)

    def _clip_of(self, name: str) -> Clipping | None:
        """Returns the clipping that gives a gradient, or None."""
        for _ in range(12):
            node = self._structure.nodes.get(name)
            if node is None:
                return None
            parts = name.split("/")
            for k, part in enumerate(parts):
                base = part.rstrip("0123456789").rstrip("_")
                kind = _CLIPS.get(node.op) or _CLIPS.get(base)
                if kind:
                    scope = "/".join(parts[: k + 1])
                    threshold = self._threshold(scope, name)
                    return Clipping(kind, threshold) if threshold else None
            if node.op in _SUMS:  # a penalty may come after the clipping
                found = (self._clip_of(node_of(each)) for each in node.input)
                return next((each for each in found if each is not None), None)
            if node.op not in ("Identity", "Reshape", "ReadVariableOp") or not node.input:
                return None
            name = node_of(node.input[0])
        return None

    @functools.cached_property
    def late_penalties(self) -> dict[str, float]:
        """Returns `{variable: scale}` of L2 penalties whose gradient is added after the clipping.

        The gradient of contrib's L2 is scale * w. The scale is measured: the addend is computed
        with two values of the variable.
        """
        found: dict[str, float] = {}
        for update in self._structure.updates:
            name = node_of(update.tensors.get("gradient", ""))
            node = self._structure.nodes.get(name)
            while node is not None and node.op == "Identity":
                node = self._structure.nodes.get(node_of(node.input[0]))
            if node is None or node.op not in _SUMS:
                continue
            clipped = [e for e in node.input if self._clip_of(node_of(e)) is not None]
            for each in node.input if clipped else ():
                scale = self._change(update.variable, each) if each not in clipped else None
                if scale:
                    found[update.variable] = scale
        return found

    def _threshold(self, scope: str, name: str) -> float | None:
        """Returns the constant by which a clip bounds: the smallest positive one but 1."""
        within = [n for n in self._structure.nodes if n == scope or n.startswith(f"{scope}/")]
        values = []
        for each in {*within, name}:
            for tensor in (each, *self._structure.nodes[each].input):
                constant = self._structure.constant(tensor.removeprefix("^"))
                if constant is not None and constant.ndim == 0 and constant.dtype.kind == "f":
                    values.append(float(constant))
        positive = [v for v in values if np.isfinite(v) and v > 0]
        others = [v for v in positive if v != 1.0]
        chosen = others or positive
        return min(chosen) if chosen else None

    @functools.cached_property
    def penalties(self) -> dict[str, dict[str, float]]:
        """Returns `{variable: {"l2": scale, "l1": scale}}`, with the scales of contrib.

        An L2 penalty is scale * sum(w**2) / 2. Each penalty is measured: the loss is computed with
        two values of its sum.
        """
        found: dict[str, dict[str, float]] = {}
        for name in sorted(self._structure.forward):
            node = self._structure.nodes[name]
            if node.op == "L2Loss":
                kind, inner = "l2", node_of(node.input[0])
            elif node.op == "Sum" and self._is_abs(node_of(node.input[0])):
                kind, inner = "l1", node_of(self._structure.nodes[node_of(node.input[0])].input[0])
            else:
                continue
            variable = self._structure.variable_of(inner)
            if variable is None:
                continue
            scale = self._slope(f"{name}:0")
            if scale:
                scales = found.setdefault(variable, {})
                scales[kind] = scales.get(kind, 0.0) + scale
        return found

    def _is_abs(self, name: str) -> bool:
        return name in self._structure.nodes and self._structure.nodes[name].op == "Abs"

    def _slope(self, tensor: str) -> float:
        """Returns how much the loss grows with a scalar of the graph."""
        dtype = self._session.dtype_of(tensor)
        at = [
            float(np.sum(self._session.run(self._structure.loss, {**self._feeds, tensor: v})))
            for v in (np.zeros((), dtype), np.full((), _LARGE, dtype))
        ]
        return float(f"{(at[1] - at[0]) / _LARGE:.5g}")

    def normalization(self, variables: Sequence[str]) -> Normalization | None:
        """Returns what the batch normalization with these variables was told, or None."""
        scopes = {name.rpartition("/")[0] for name in variables}
        if len(scopes) != 1:
            return None
        scope = scopes.pop()
        nodes = self._structure.nodes
        inside = [n for n in nodes if n.startswith(f"{scope}/") or f"/{scope}/" in n]
        inside = [n for n in inside if "gradients" not in n.split("/")[0]]
        fused = [n for n in inside if nodes[n].op.startswith("FusedBatchNorm")]
        epsilon = float(nodes[fused[0]].attr["epsilon"].f) if fused else self._added(inside)
        averages = [name for name in variables if name in self._structure.written]
        decay = next((d for each in averages if (d := self._decay(each)) is not None), None)
        return Normalization(scope, epsilon, decay, bool(fused))

    def _added(self, inside: Sequence[str]) -> float | None:
        """Returns the constant that an unfused batch normalization adds to the variance."""
        for name in inside:
            if name.endswith("batchnorm/add/y"):
                value = self._structure.constant(name)
                return None if value is None else float(value)
        return None

    def _decay(self, average: str) -> float | None:
        """Returns the decay of a moving average, or None where the step does not move it.

        The decay is measured: the update is computed with two values of the average.
        """
        for name in self._structure.step:
            node = self._structure.nodes[name]
            if not node.input or self._structure.variable_of(node_of(node.input[0])) != average:
                continue
            if node.op not in ("AssignSub", "AssignSubVariableOp", "Assign", "AssignVariableOp"):
                continue
            found = self._change(average, node.input[1])
            if found is not None:
                return 1 - found if "Sub" in node.op else found
        return None

    def weight_decay(self, variable: str) -> float | None:
        """Returns the share of a weight that a step subtracts besides the update, or None."""
        for name in self._structure.step:
            node = self._structure.nodes[name]
            subtracts = node.op in ("AssignSub", "AssignSubVariableOp")
            if subtracts and self._structure.variable_of(node_of(node.input[0])) == variable:
                return self._change(variable, node.input[1])
        return None

    def _change(self, variable: str, tensor: str) -> float | None:
        """Returns how much the entries of a tensor grow with those of a variable."""
        named = full(tensor)
        if not self._session.live([named], self._feeds):
            return None
        value = self._initial[variable]
        try:
            at = []
            for number in (0, 1):
                start = {**self._initial, variable: np.full_like(value, number)}
                self._session.assign(start)
                at.append(np.asarray(self._session.run(named, self._feeds)))
        except ValueError:
            return None
        finally:
            self._session.assign(self._initial)
        difference = np.asarray(at[1] - at[0], np.float64)
        spread = difference.max() - difference.min() if difference.size else np.inf
        return float(f"{difference.mean():.5g}") if spread < 1e-4 else None

    def max_norms(self) -> dict[str, MaxNorm]:
        """Returns `{variable: bound}` for variables that a step clips by their norm."""
        found = {}
        for name in self._structure.step:
            node = self._structure.nodes[name]
            if node.op not in ("Assign", "AssignVariableOp"):
                continue
            value = node_of(node.input[1])
            scope = next(
                (
                    "/".join(value.split("/")[: k + 1])
                    for k, part in enumerate(value.split("/"))
                    if part.startswith("clip_by_norm")
                ),
                None,
            )
            variable = self._structure.variable_of(node_of(node.input[0]))
            if scope is None or variable is None:
                continue
            threshold = self._threshold(scope, value)
            if threshold:
                found[variable] = MaxNorm(threshold, self._axes(scope))
        return found

    def _axes(self, scope: str) -> tuple[int, ...] | None:
        for name, node in self._structure.nodes.items():
            if name.startswith(f"{scope}/") and node.op == "Sum":
                axes = self._structure.constant(node.input[1])
                if axes is not None:
                    return tuple(int(axis) for axis in np.atleast_1d(axes))
        return None
