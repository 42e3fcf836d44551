"""Tries the graph's bound on the norm of weights, with TF1's axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from tf_recipes.blocks.max_norm import MaxNorm
from tf_recipes.verify.bench.substitution import TRAINING, Case, Substitution, rounded
from tf_recipes.verify.bench.variable_map import Map


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields the bound of the graph for its variables, and none for the others."""
    if case.stage != TRAINING:
        return
    bounds = case.facts.max_norms()
    now = [each for each in case.model.trainable_variables if each.constraint is not None]
    if not bounds and not now:
        return
    joined = case.result.found.keras_of()
    if bounds and all(_bounded_so(joined.get(name), told) for name, told in bounds.items()):
        return
    if bounds:
        bound = next(iter(bounds.values()))
        axes = bound.axes[0] if bound.axes and len(bound.axes) == 1 else bound.axes
        code = f"kernel_constraint=tf_recipes.MaxNorm({rounded(bound.threshold)}, axis={axes})"
        text = f"bound {', '.join(sorted(bounds)[:4])} with `{code}`"
        name = "max_norm_axis" if now else "max_norm"
    else:
        code, name = "kernel_constraint=None", "max_norm"
        text = "leave out the constraint: TF1 does not bound these weights"

    def change(model: keras.Model, found: Map) -> None:
        joined = found.keras_of()
        theirs = {id(joined[n]): b for n, b in bounds.items() if n in joined}
        for variable in model.trainable_variables:
            told = theirs.get(id(variable))
            variable.constraint = _constraint(told) if told else None

    yield Substitution(name, text, code, change)


def _bounded_so(variable: Any, told: Any) -> bool:
    """Returns whether a Keras variable has the bound that TF1 has."""
    constraint = getattr(variable, "constraint", None)
    if not isinstance(constraint, MaxNorm):
        return False
    config = constraint.get_config()
    return bool(config == _constraint(told).get_config())


def _constraint(told: Any) -> MaxNorm:
    """Returns the constraint that bounds as TF1 does; without axes, the norm is the whole one."""
    axes = told.axes if told.axes is not None else (0, 1)
    return MaxNorm(rounded(told.threshold), axes)
