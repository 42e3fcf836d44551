"""Recognises the arithmetic of normalizations: (x - mean) / sqrt(variance + epsilon) and so on."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.values import Flag
from tf_recipes.convert.patterns import passing
from tf_recipes.graph.nodes import node_of

SWITCHES = ("Switch", "RefSwitch")
RESHAPES = ("Squeeze", "Reshape", "ExpandDims")
DEPTH, TERMS = 8, 6  # of a formula
_RSQRT, _LEAF = "rsqrt", "leaf"

Factor = tuple[str, str]
Term = tuple[int, tuple[Factor, ...]]


@dataclasses.dataclass(frozen=True)
class Formula:
    """Holds the tensors of the graph in gamma * (x - mean) / sqrt(variance + epsilon) + beta.

    `gamma` and `beta` are None where the formula has none.
    """

    x: str
    mean: str
    variance: str
    epsilon: float
    gamma: str | None
    beta: str | None


@dataclasses.dataclass(frozen=True)
class Statistic:
    """Holds what a mean or a variance is: a statistic of the batch in training, a variable else.

    Either is None where the formula never takes it.
    """

    batch: str | None
    moving: str | None


def shortest(value: float) -> float:
    """Returns the decimal number with the fewest digits that is the same number in float32.

    >>> shortest(0.0010000000474974513)
    0.001
    """
    return float(str(np.float32(value)))


def formula(node: Any, lifter: Lifter) -> Formula | None:
    """Returns the formula of which a node gives the result, or None."""
    terms = _Expansion(lifter).terms(f"{node.name}:0", True, DEPTH)
    if terms is None or not 2 <= len(terms) <= 3:
        return None
    scaled = [term for term in terms if any(kind == _RSQRT for kind, _ in term[1])]
    others = [term for term in terms if term not in scaled]
    if len(scaled) != 2 or {sign for sign, _ in scaled} != {1, -1}:
        return None
    beta = None
    if others:
        sign, factors = others[0]
        if sign != 1 or len(factors) != 1:
            return None
        beta = factors[0][1]
    (_, plus), (_, minus) = sorted(scaled, key=lambda term: -term[0])
    common = Counter(plus) & Counter(minus)
    x, mean = (list((Counter(each) - common).elements()) for each in (plus, minus))
    roots = [name for kind, name in common.elements() if kind == _RSQRT]
    gammas = [name for kind, name in common.elements() if kind == _LEAF]
    if len(x) != 1 or len(mean) != 1 or len(roots) != 1 or len(gammas) > 1:
        return None
    inside = _with_epsilon(lifter, roots[0])
    if inside is None:
        return None
    return Formula(x[0][1], mean[0][1], *inside, gammas[0] if gammas else None, beta)


def _with_epsilon(lifter: Lifter, tensor: str) -> tuple[str, float] | None:
    """Returns the tensor and the constant whose sum a tensor is."""
    view = lifter.view
    name = view.behind(tensor, SWITCHES)
    if view.op(name) not in ("Add", "AddV2"):
        return None
    first, second = view.inputs(name)
    for variance, epsilon in ((first, second), (second, first)):
        number = lifter.scalar(epsilon)
        if number is not None:
            return variance, shortest(number)
    return None


class _Expansion:
    """Expands a formula to a sum of products."""

    def __init__(self, lifter: Lifter) -> None:
        self._lifter, self._view = lifter, lifter.view

    def terms(self, tensor: str, top: bool, depth: int) -> list[Term] | None:
        """Returns the terms whose sum a tensor is, or None where they are too many.

        Args:
            tensor: a tensor of the graph.
            top: True outside of products, where sums are expanded; inside of products that is
                done with what a statistic is subtracted from, and with nothing else.
            depth: how deep to look.
        """
        view = self._view
        name = view.behind(tensor, SWITCHES)
        op = view.op(name)
        leaf: list[Term] = [(1, ((_LEAF, name),))]
        if depth == 0 or view.is_input(name):
            return leaf
        inputs = view.inputs(name)
        if op in ("Add", "AddV2", "BiasAdd") and top:
            return self._sum(inputs, (1, 1), top, depth)
        if op == "Sub" and (top or self._is_statistic(inputs[1])):
            return self._sum(inputs, (1, -1), top, depth)
        if op == "Neg":
            return self._sum(inputs, (-1,), top, depth)
        if op == "Mul":
            return self._product(*(self.terms(each, False, depth - 1) for each in inputs))
        if op == "RealDiv":
            root = self._square_root(inputs[1])
            if root is not None:
                return self._product(self.terms(inputs[0], False, depth - 1), [(1, (root,))])
        inverse = self._inverse_root(name)
        return leaf if inverse is None else [(1, (inverse,))]

    def _sum(
        self, inputs: Iterable[str], signs: Iterable[int], top: bool, depth: int
    ) -> list[Term] | None:
        found: list[Term] = []
        for each, sign in zip(inputs, signs, strict=False):
            terms = self.terms(each, top, depth - 1)
            if terms is None or len(found) + len(terms) > TERMS:
                return None
            found += [(sign * s, factors) for s, factors in terms]
        return found

    @staticmethod
    def _product(first: list[Term] | None, second: list[Term] | None) -> list[Term] | None:
        if first is None or second is None or len(first) * len(second) > TERMS:
            return None
        return [(a * b, (*left, *right)) for a, left in first for b, right in second]

    def _square_root(self, tensor: str) -> Factor | None:
        """Returns the factor 1 / sqrt(v) where a tensor is sqrt(v)."""
        name = self._view.behind(tensor, SWITCHES)
        inputs = self._view.inputs(name)
        if self._view.op(name) == "Sqrt":
            return _RSQRT, inputs[0]
        if self._view.op(name) == "Pow" and self._lifter.scalar(inputs[1]) == 0.5:
            return _RSQRT, inputs[0]
        return None

    def _inverse_root(self, name: str) -> Factor | None:
        """Returns the factor 1 / sqrt(v) where a tensor is that."""
        inputs = self._view.inputs(name)
        match self._view.op(name):
            case "Rsqrt":
                return _RSQRT, inputs[0]
            case "Pow" if self._lifter.scalar(inputs[1]) == -0.5:
                return _RSQRT, inputs[0]
            case "Reciprocal" | "Inv":
                return self._square_root(inputs[0])
            case "RealDiv" if self._lifter.scalar(inputs[0]) == 1:
                return self._square_root(inputs[1])
        return None

    def _is_statistic(self, tensor: str) -> bool:
        name = self._view.behind(tensor, (*SWITCHES, *RESHAPES))
        return self._view.op(name) in ("Mean", "Merge", "Select", "SelectV2") or bool(
            self._view.variable(name)
        )


def statistic(tensor: str, lifter: Lifter) -> Statistic | None:
    """Returns what a mean or a variance is in training and in evaluation.

    Returns:
        None where it is chosen by something else than the flag of training.
    """
    name = lifter.view.behind(tensor, (*SWITCHES, *RESHAPES))
    variable = lifter.view.variable(name)
    if variable is not None:
        return Statistic(None, variable)
    if lifter.view.op(name) not in ("Merge", "RefMerge", "Select", "SelectV2"):
        return Statistic(name, None)
    branches = passing.branches_of(node_of(name), lifter)
    if branches is None:
        return None
    in_training, in_evaluation = (statistic(each, lifter) for each in branches)
    if in_training is None or in_evaluation is None:
        return None
    if in_training.moving or in_evaluation.batch:
        return in_training if in_training == in_evaluation else None
    return Statistic(in_training.batch, in_evaluation.moving)


def axes_of_moments(lifter: Lifter, x: str, mean: str, variance: str) -> tuple[int, ...] | None:
    """Returns the axes over which two tensors are the mean and the variance of a third one.

    Returns:
        None where they are something else.
    """
    view = lifter.view
    rank = view.rank(x)
    if rank is None:
        return None
    if view.op(mean) == "Mean" and view.op(variance) == "Mean":
        axes = _axes(lifter, mean, rank)
        if (
            axes
            and axes == _axes(lifter, variance, rank)
            and _is_variance(lifter, x, mean, variance)
        ):
            return axes
    return _axes_by_values(lifter, x, mean, variance)


def _axes(lifter: Lifter, mean: str, rank: int) -> tuple[int, ...] | None:
    axes = lifter.constant(lifter.view.inputs(mean)[1])
    return None if axes is None else tuple(sorted(int(a) % rank for a in np.atleast_1d(axes)))


def _is_variance(lifter: Lifter, x: str, mean: str, variance: str) -> bool:
    """Returns whether two means are those of x and of the squares of x - mean."""
    view = lifter.view

    def is_x(tensor: str) -> bool:
        return view.behind(tensor, SWITCHES) == x

    def is_mean(tensor: str) -> bool:
        return view.behind(tensor, (*SWITCHES, *RESHAPES)) == mean

    if not is_x(view.inputs(mean)[0]):
        return False
    squares = view.behind(view.inputs(variance)[0])
    if view.op(squares) == "Square":
        squares = view.behind(view.inputs(squares)[0])
        if view.op(squares) != "Sub":
            return False
    elif view.op(squares) != "SquaredDifference":
        return False
    first, second = view.inputs(squares)
    return (is_x(first) and is_mean(second)) or (is_mean(first) and is_x(second))


def _axes_by_values(lifter: Lifter, x: str, mean: str, variance: str) -> tuple[int, ...] | None:
    """Returns the axes of moments that are computed by another formula, by trying values."""
    shape = lifter.view.shape(x) or ()
    sizes = [3 if size is None else size for size in shape]
    if np.prod(sizes, dtype=float) > 2**20:
        return None
    rows = np.random.RandomState(0).standard_normal(sizes).astype(lifter.view.dtype(x))
    given: dict[str, Any] = {x: rows}
    for name, value in lifter.placeholders.items():
        if isinstance(value, Flag):
            given[name] = not value.negated
    found = lifter.view.evaluated([mean, variance], given)
    if found is None:
        return None
    rank = len(sizes)
    tried = (
        tuple(range(rank - 1)),
        tuple(axis for axis in range(rank) if axis != 1),
        (rank - 1,),
        tuple(range(1, rank)),
        tuple(range(1, rank - 1)),
    )
    for axes in tried:
        expected = rows.mean(axis=axes), rows.var(axis=axes)
        if all(
            got.size == want.size and np.allclose(got.ravel(), want.ravel(), rtol=1e-3, atol=1e-5)
            for got, want in zip(found, expected, strict=True)
        ):
            return axes
    return None
