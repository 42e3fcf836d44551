"""Writes the optimizer of a TF1 training step as an expression, with the graph's numbers."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.blocks import optimizers
from tf_recipes.convert.program.expressions import Made
from tf_recipes.convert.training import clips, rates
from tf_recipes.convert.training.graph_probe import Probe, ProbeError, first_value, needs_value
from tf_recipes.convert.training.numbers_of_graph import plain
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.update_ops import Update

# TF1's kernel -> the optimizer, and its arguments from the kernel's numbers
_MADE = {
    "GradientDescent": ("keras.optimizers.SGD", {}),
    "Momentum": ("tf_recipes.Momentum", {"momentum": "momentum"}),
    "KerasMomentum": ("keras.optimizers.SGD", {"momentum": "momentum"}),
    "Adagrad": ("tf_recipes.Adagrad", {}),
    "RMSProp": (
        "tf_recipes.RMSProp",
        {"rho": "decay", "momentum": "momentum", "epsilon": "epsilon"},
    ),
    "CenteredRMSProp": (
        "tf_recipes.RMSProp",
        {"rho": "decay", "momentum": "momentum", "epsilon": "epsilon"},
    ),
    "Adam": (
        "tf_recipes.Adam",
        {"beta_1": "beta1", "beta_2": "beta2", "epsilon": "epsilon"},
    ),
    "Adadelta": ("keras.optimizers.Adadelta", {"rho": "rho", "epsilon": "epsilon"}),
    "Ftrl": (
        "keras.optimizers.Ftrl",
        {
            "learning_rate_power": "rate_power",
            "l1_regularization_strength": "l1",
            "l2_regularization_strength": "l2",
            "l2_shrinkage_regularization_strength": "l2_shrinkage",
        },
    ),
}
# what Keras' own optimizers have where nothing is passed
_DEFAULTS = {
    "keras.optimizers.Ftrl": {
        "learning_rate_power": -0.5,
        "l1_regularization_strength": 0.0,
        "l2_regularization_strength": 0.0,
        "l2_shrinkage_regularization_strength": 0.0,
        "initial_accumulator_value": 0.1,
    },
}
_OF_ALL_ROWS = ("Ftrl", "Adadelta")  # a row without a gradient changes in Keras, and not in TF1
_SHOWN = ("momentum", "rho")  # are written also where they are the default
_NUMBERS = (
    *("momentum", "decay", "rho", "epsilon", "beta1", "beta2"),
    *("l1", "l2", "l2_shrinkage", "rate_power"),
)


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """Holds an optimizer as an expression; `counter` is the variable that counts its steps.

    `functions` is the source code of a class that the expression names.
    """

    expression: Made
    kind: str
    counter: str | None
    functions: tuple[str, ...] = ()


def find(
    structure: Structure,
    values: Mapping[str, Any],
    feed: Mapping[str, Any],
    decay: float | None = None,
) -> Optimizer:
    """Finds the optimizer.

    Args:
        structure: the `Structure` of the graph.
        values: `{variable: value}` in the checkpoint.
        feed: `{placeholder: value}` in training.
        decay: the share of each weight that a step removes besides, or None.

    Raises:
        ValueError: if Keras has no such optimizer, or the step has several.
    """
    updates = structure.updates
    kinds = sorted({update.kind for update in updates})
    if not updates or len(kinds) > 1 or kinds[0] not in _MADE:
        found = ", ".join(shortened(each, 60) for each in kinds) or "no update operation"
        validation.fail(
            "The training step must have one optimizer that Keras or tf_recipes has.",
            f"{found} in {structure.graph.source!r}",
            "Convert for predictions alone with inference=True.",
        )
    kind = kinds[0]
    rows = [update.variable for update in updates if update.sparse]
    if rows and kind in _OF_ALL_ROWS:
        validation.fail(
            "The training step must have one optimizer that Keras or tf_recipes has.",
            f"{kind} of the rows that a step looks up, such as of {shortened(rows[0], 60)!r} in "
            f"{structure.graph.source!r}: that of Keras changes all rows",
            "Convert for predictions alone with inference=True.",
        )
    numbers = _numbers(structure, updates, values, feed)
    found_rates = {
        tensor: rates.find(structure, tensor, values, feed)
        for tensor in {update.tensors["rate"] for update in updates}
    }
    rate = next(iter(found_rates.values()))
    if any(each != rate for each in found_rates.values()):
        validation.fail(
            "All variables must have one learning rate.",
            f"{len(found_rates)} rates in {structure.graph.source!r}",
            "Convert for predictions alone with inference=True.",
        )
    path, names = _MADE[kind]
    arguments: dict[str, Any] = {
        ours: numbers[theirs] for ours, theirs in names.items() if theirs in numbers
    }
    if kind in ("Momentum", "KerasMomentum") and updates[0].nesterov:
        arguments["nesterov"] = True
    if kind == "CenteredRMSProp":
        arguments["centered"] = True
    if kind in ("Adagrad", "Ftrl"):
        initial = _initial_accumulator(structure, updates[0])
        if initial is not None:
            arguments["initial_accumulator_value"] = initial
    if kind == "GradientDescent" and _has_doubles(structure, updates):
        path = "tf_recipes.GradientDescent"  # rounds the rate to float32, as TF1 does
    if decay is not None:
        if kind not in ("Momentum", "Adam"):
            validation.fail(
                "Weight decay must belong to momentum or Adam.",
                f"{kind} with weight decay in {structure.graph.source!r}",
                "Convert for predictions alone with inference=True.",
            )
        path, arguments = f"{path}W", {"weight_decay": decay, **arguments}
    shapes = {update.variable: np.shape(values[update.variable]) for update in updates}
    kept = _without_defaults(path, arguments)
    kept |= clips.find(structure, updates, shapes, feed)
    expression = Made(path, (rate.expression,), tuple(kept.items()))
    if isinstance(rate.expression, Made):
        keywords = (("learning_rate", rate.expression), *kept.items())
        expression = Made(path, (), keywords)
    return Optimizer(expression, kind, rate.counter, rate.functions)


def _numbers(
    structure: Structure,
    updates: Sequence[Update],
    values: Mapping[str, Any],
    feed: Mapping[str, Any],
) -> dict[str, float]:
    """Returns the numbers of the optimizer, by the kernels' names."""
    found: dict[str, float] = {}
    for update in updates:
        roles = [role for role in _NUMBERS if role in update.tensors]
        if not roles:
            continue
        with Probe(structure, [update.tensors[role] for role in roles]) as probe:
            state = {name: values[name] for name in probe.variables}
            try:
                got = probe.run(feed, state)
            except ProbeError:
                for name in probe.placeholders:
                    if name not in feed and node_of(name) not in feed:
                        needs_value(structure, name)
                raise
        for role, value in zip(roles, got, strict=True):
            number = plain(value)
            if found.setdefault(role, number) != number:
                validation.fail(
                    "All variables must have one optimizer with the same numbers.",
                    f"{role}={found[role]} and {number} in {structure.graph.source!r}",
                    "Convert for predictions alone with inference=True.",
                )
    return found


def _initial_accumulator(structure: Structure, update: Update) -> float | None:
    """Returns the number with which the accumulator began, or None where it is none."""
    value = first_value(structure, update.slots["accumulator"])
    if value is None:
        return None
    if value.size == 0 or (value != value.flat[0]).any():
        return None
    return plain(value.flat[0])


def _has_doubles(structure: Structure, updates: Sequence[Update]) -> bool:
    return any(structure.nodes[update.variable].attr["dtype"].type % 100 == 2 for update in updates)


def _without_defaults(path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments that are not what the optimizer has anyhow."""
    defaults: dict[str, Any] = dict(_DEFAULTS.get(path, {}))
    if path.startswith("tf_recipes."):
        kind = getattr(optimizers, path.removeprefix("tf_recipes."))
        parameters = inspect.signature(kind.__init__).parameters
        defaults = {name: each.default for name, each in parameters.items()}
    return {
        name: value
        for name, value in arguments.items()
        if defaults.get(name) != value or (name in _SHOWN and (value or name == "rho"))
    }
