"""Sets the state of a Keras optimizer to that of TF1's optimizer in a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support.wrapped_optimizers import from_outside, innermost
from tf_recipes.blocks.moving_averages import ExponentialMovingAverage
from tf_recipes.blocks.several_optimizers import SeveralOptimizers
from tf_recipes.convert.program import built_model, transforms
from tf_recipes.convert.program.expressions import Origin
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.convert.training.compilation import Training
from tf_recipes.convert.training.graph_probe import Probe
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.roles import SLOT_NAMES
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench import slots

Array = NDArray[Any]


def restore(
    model: keras.Model,
    written: ModelCode,
    training: Training,
    structure: Structure,
    values: Mapping[str, Array],
) -> dict[str, str]:
    """Sets slots, steps taken, powers of beta and moving averages, so that `fit` goes on.

    Args:
        model: the compiled model, with the weights of the checkpoint.
        written: the code that built the model.
        training: how the graph trains.
        structure: the `Structure` of the graph.
        values: `{variable: value}` in the checkpoint.

    Returns:
        `{TF1 variable: path of the optimizer's variable}` of what was set.
    """
    outside = from_outside(model.optimizer)
    for each in reversed(outside):
        if not each.built:
            each.build(model.trainable_variables)
    inner = innermost(model.optimizer)
    done: dict[str, str] = {}
    for slot, value, names in slot_values(model, written, structure, values):
        slot.assign(value)
        done.update((name, str(slot.path)) for name in names)
    weights = built_model.weights(written, model)
    for each in inner:
        done.update(_set_powers(each, structure, values, _trained_by(each, outside[-1], weights)))
    count = _steps(training, structure, values)
    for each in (*outside, *inner):
        each.iterations.assign(count)
    if training.counter is not None and training.counter in values:
        done[training.counter] = str(inner[0].iterations.path)
    if isinstance(outside[0], ExponentialMovingAverage) and training.averages is not None:
        done.update(_set_averages(outside[0], weights, written, training, values, count))
    return done


def slot_values(
    model: keras.Model, written: ModelCode, structure: Structure, values: Mapping[str, Array]
) -> Iterator[tuple[keras.Variable, Array, list[str]]]:
    """Yields each slot of a model's optimizer, TF1's value for it, and the slots of TF1.

    Slots that the values lack are left out; they begin with TF1's first value by themselves.

    Args:
        model: the compiled model, whose optimizer is built.
        written: the code that built the model.
        structure: the `Structure` of the graph.
        values: `{variable: value}`.
    """
    optimizers, owned = innermost(model.optimizer), slots_of(structure, values)
    kinds = {update.variable: update.kind for update in structure.updates}
    trained = {id(each) for each in model.trainable_variables}
    for origin, variable in built_model.weights(written, model).values():
        if id(variable) not in trained or not origin.variables:
            continue
        for role in sorted({role for name in origin.variables for role in owned.get(name, {})}):
            kind = kinds.get(origin.variables[0], structure.updates[0].kind)
            found = (slots.of_variable(each, variable, kind, role) for each in optimizers)
            slot = next((each for each in found if each is not None), None)
            names = [owned.get(name, {}).get(role, "") for name in origin.variables]
            if slot is None or any(name not in values for name in names):
                continue
            taken = {name: values[each] for name, each in zip(origin.variables, names, strict=True)}
            value = transforms.value_of(transforms.linear(origin), taken, written.program.constants)
            yield slot, np.asarray(value).reshape(slot.shape), names


def slots_of(structure: Structure, values: Mapping[str, Array]) -> dict[str, dict[str, str]]:
    """Returns `{variable: {role: slot}}`, also of variables that several operations update."""
    found: dict[str, dict[str, str]] = {
        update.variable: dict(update.slots) for update in structure.updates
    }
    for name in structure.trainable:
        if name in found:
            continue
        for slot in values:
            base, _, last = slot.rpartition("/")
            same = base == name or base.endswith(f"/{name}")
            if last in SLOT_NAMES and same and np.shape(values[slot]) == np.shape(values[name]):
                found.setdefault(name, {})[SLOT_NAMES[last]] = slot
    return found


def _trained_by(
    optimizer: keras.optimizers.Optimizer,
    whole: keras.optimizers.Optimizer,
    weights: Mapping[str, tuple[Origin, keras.Variable]],
) -> set[str] | None:
    """Returns TF1's variables of the weights that an optimizer trains; None for all."""
    if not isinstance(whole, SeveralOptimizers):
        return None
    own = {id(each) for each in whole.weights_of(optimizer)}
    found = (origin.variables for origin, variable in weights.values() if id(variable) in own)
    return {name for names in found for name in names}


def _set_powers(
    optimizer: keras.optimizers.Optimizer,
    structure: Structure,
    values: Mapping[str, Array],
    trained: set[str] | None,
) -> dict[str, str]:
    done: dict[str, str] = {}
    there = {each.path.rpartition("/")[2]: each for each in optimizer.variables}
    for update in structure.updates:
        if trained is not None and update.variable not in trained:
            continue
        for k in (1, 2):
            tensor = update.tensors.get(f"beta{k}_power")
            variable = there.get(f"beta_{k}_power")
            if tensor is None or variable is None:
                continue
            power = structure.variable_of(node_of(tensor))
            if power is None:  # the Keras of TF1 computes it from the number of steps
                with Probe(structure, [tensor]) as probe:
                    if all(name in values for name in probe.variables):
                        variable.assign(probe.run(variables=values)[0])
            elif power in values:
                variable.assign(values[power])
                done[power] = str(variable.path)
    return done


def _steps(training: Training, structure: Structure, values: Mapping[str, Array]) -> int:
    """Returns how many steps TF1 took."""
    if training.counter is not None and training.counter in values:
        return int(values[training.counter])
    return slots.taken(structure, None, values)


def _set_averages(
    optimizer: ExponentialMovingAverage,
    weights: Mapping[str, tuple[Origin, keras.Variable]],
    written: ModelCode,
    training: Training,
    values: Mapping[str, Array],
    count: int,
) -> dict[str, str]:
    done: dict[str, str] = {}
    shadows = training.averages.shadows if training.averages is not None else {}
    for origin, variable in weights.values():
        average = optimizer.average(variable)
        if average is None or any(shadows.get(name) not in values for name in origin.variables):
            continue
        taken = {name: values[shadows[name]] for name in origin.variables}
        average.assign(transforms.value_of(origin, taken, written.program.constants))
        done.update((shadows[name], str(average.path)) for name in origin.variables)
    # after the first step, averages do not begin at the weights
    optimizer.updates.assign(max(count, 1))
    return done
