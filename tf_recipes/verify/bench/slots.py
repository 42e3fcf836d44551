"""Carries an optimizer's state from TF1's slots to a Keras optimizer, and compares it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support.wrapped_optimizers import from_outside, innermost
from tf_recipes.blocks.several_optimizers import SeveralOptimizers
from tf_recipes.graph.roles import Roles
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench.recurrent_cells import Cell, layers_in
from tf_recipes.verify.bench.variable_map import Map

# TF1's role of a slot -> the names that the slot has in this package's optimizers and Keras' own
_NAMES = {
    ("Momentum", "accumulator"): ("velocity",),
    ("KerasMomentum", "accumulator"): ("momentum",),
    ("Adagrad", "accumulator"): ("accumulator",),
    ("Adam", "m"): ("m", "momentum"),
    ("Adam", "v"): ("v", "velocity"),
    ("RMSProp", "ms"): ("mean_square", "velocity"),
    ("RMSProp", "momentum_slot"): ("velocity", "momentum"),
    ("CenteredRMSProp", "ms"): ("mean_square", "velocity"),
    ("CenteredRMSProp", "mg"): ("mean_gradient", "average_gradient"),
    ("CenteredRMSProp", "momentum_slot"): ("velocity", "momentum"),
    ("Adadelta", "accumulator"): ("accumulated_grad",),
    ("Adadelta", "delta"): ("accumulated_delta_var",),
    ("Ftrl", "accumulator"): ("accumulator",),
    ("Ftrl", "linear"): ("linear",),
}
_OURS = "tf_recipes"


@dataclasses.dataclass(frozen=True)
class SlotLink:
    """Joins a TF1 slot to a variable of the Keras optimizer, which updates `weight`."""

    tf1: str
    keras: keras.Variable
    role: str
    transposed: bool
    optimizer: keras.optimizers.Optimizer
    weight: keras.Variable

    def value(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """Returns the Keras value in TF1's shape."""
        value = np.copy(keras.ops.convert_to_numpy(self.keras))
        return (value.T if self.transposed else value).reshape(shape)

    def assign(self, value: NDArray[Any]) -> None:
        """Sets the Keras variable to TF1's value."""
        self.keras.assign((value.T if self.transposed else value).reshape(self.keras.shape))


@dataclasses.dataclass(frozen=True)
class SlotCell:
    """Joins the slots of a TF1 cell to variables of the Keras optimizer, which updates `weight`."""

    cell: Cell
    optimizer: keras.optimizers.Optimizer
    weight: keras.Variable


@dataclasses.dataclass(frozen=True)
class SlotMap:
    """Holds the slots that have the same meaning on both sides: alone, or of a recurrent cell.

    A model with several optimizers has some of them several times: once for each optimizer that
    may update the weight. The training shows which one does.
    """

    links: list[SlotLink]
    cells: list[SlotCell]

    @property
    def used(self) -> list[SlotLink]:
        """Returns the links to optimizers that update the weight, each TF1 slot once."""
        found: dict[str, SlotLink] = {}
        for link in self.links:
            if _updates(link.optimizer, link.weight):
                found.setdefault(link.tf1, link)
        return list(found.values())

    def assign(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Sets the Keras variables to TF1's values."""
        for link in self.links:
            link.assign(values[link.tf1])
        for each in self.cells:
            each.cell.assign(values)

    def values(self, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, NDArray[Any]]]:
        """Yields TF1's name and the Keras value in TF1's form, one after the other."""
        given = set()
        for link in self.used:
            given.add(link.tf1)
            yield link.tf1, link.value(shapes[link.tf1])
        for each in self.cells:
            if _updates(each.optimizer, each.weight):
                for name, value in each.cell.values().items():
                    if name not in given:
                        given.add(name)
                        yield name, value


def of_variable(
    optimizer: keras.optimizers.Optimizer, variable: keras.Variable, kind: str, role: str
) -> keras.Variable | None:
    """Returns a slot of a weight that has the meaning of TF1's slot, or None.

    Args:
        optimizer: a built optimizer, without those around it.
        variable: the weight.
        kind: TF1's kernel, such as "Adam".
        role: the role of TF1's slot, such as "m".
    """
    ours = type(optimizer).__module__.partition(".")[0] == _OURS
    names = _NAMES.get((kind, role), ())
    if not names or (kind == "Momentum" and not ours):
        return None
    wanted = f"{variable.path.replace('/', '_')}_{names[0] if ours else names[-1]}"
    found = (each for each in optimizer.variables if each.path.rpartition("/")[2] == wanted)
    slot = next(found, None)
    fits = slot is not None and np.prod(slot.shape) == np.prod(variable.shape)
    return slot if fits else None


def optimizers_of(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """Returns the optimizers of a model, each without those around it: those of `compile` first.

    A model with a `train_step` of its own may keep others in its attributes, such as one for the
    generator and one for the discriminator.
    """
    found = [model.optimizer]
    for owner in (model, *layers_in(model)):
        for value in list(vars(owner).values()):
            several = list(value.values()) if isinstance(value, dict) else value
            listed = several if isinstance(several, list | tuple) else [several]
            found += [each for each in listed if isinstance(each, keras.optimizers.Optimizer)]
    inner = [each for one in found for each in innermost(one)]
    return list({id(each): each for each in inner}.values())


def _updates(optimizer: keras.optimizers.Optimizer, weight: keras.Variable) -> bool:
    """Returns whether an optimizer updates a weight, as far as its steps so far have shown."""
    updated = optimizer.__dict__.get("updated_weights")
    return not updated or id(weight) in updated


def _watch(optimizer: keras.optimizers.Optimizer) -> None:
    """Notes which weights an optimizer updates, from its next step on."""
    if "updated_weights" in optimizer.__dict__:
        return
    updated: set[int] = set()
    apply = optimizer.apply

    def noting(grads: Any, trainable_variables: Any = None) -> Any:
        if trainable_variables is not None:
            trainable_variables = list(trainable_variables)
            updated.update(id(each) for each in trainable_variables)
        return apply(grads, trainable_variables)

    object.__setattr__(optimizer, "updated_weights", updated)
    object.__setattr__(optimizer, "apply", noting)


def find(structure: Structure, roles: Roles, found: Map, model: keras.Model) -> SlotMap:
    """Finds the Keras variables of TF1's slots, which are those with the same meaning.

    The momentum of `keras.optimizers.SGD` holds the rate and another sign, so that it is none.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    optimizers = optimizers_of(model)
    for optimizer in optimizers:
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
        if len(optimizers) > 1:
            _watch(optimizer)
    each_one = [_of_optimizer(structure, roles, found, each) for each in optimizers]
    return SlotMap(
        [link for links, _ in each_one for link in links],
        [cell for _, cells in each_one for cell in cells],
    )


def _of_optimizer(
    structure: Structure, roles: Roles, found: Map, optimizer: keras.optimizers.Optimizer
) -> tuple[list[SlotLink], list[SlotCell]]:
    """Returns the links to one optimizer's variables."""
    kinds = {update.variable: update.kind for update in structure.updates}
    usual = next(iter(kinds.values()), "")  # also where several operations make one update

    def slot_of(variable: keras.Variable, owner: str, role: str) -> keras.Variable | None:
        return of_variable(optimizer, variable, kinds.get(owner, usual), role)

    links, cells = [], []
    for link in found.links:
        for name, (owner, role) in roles.slots.items():
            if owner == link.tf1 and (slot := slot_of(link.keras, owner, role)) is not None:
                links.append(SlotLink(name, slot, role, link.transposed, optimizer, link.keras))
    slots = {(owner, role): name for name, (owner, role) in roles.slots.items()}
    for cell in found.cells:
        owners = [each.name for each in cell.tf1.values()]
        for role in {role for owner, role in slots if owner in owners}:
            weights = {n: slot_of(v, owners[0], role) for n, v in cell.weights.items()}
            known = {n: v for n, v in weights.items() if v is not None}
            if len(known) == len(weights) and all((owner, role) in slots for owner in owners):
                theirs = {
                    part: dataclasses.replace(each, name=slots[each.name, role])
                    for part, each in cell.tf1.items()
                }
                joined = dataclasses.replace(cell, tf1=theirs, weights=known, forget_bias=0.0)
                cells.append(SlotCell(joined, optimizer, next(iter(cell.weights.values()))))
    return links, cells


def start(
    structure: Structure,
    roles: Roles,
    found: Map,
    model: keras.Model,
    values: Mapping[str, NDArray[Any]],
    fresh: Callable[[str], NDArray[Any] | None],
    rate: float | None,
) -> SlotMap:
    """Sets the state of a Keras optimizer to TF1's: slots, steps taken, powers of beta.

    Args:
        structure: the `Structure` of the graph.
        roles: the roles of its variables.
        found: the map of the variables.
        model: a compiled model.
        values: `{variable: value}` in the checkpoint.
        fresh: returns the value that the initializer of a slot gives, or None if it gives none.
        rate: the learning rate at the start, which `keras.optimizers.SGD` has in its momentum.

    Returns:
        The slots that have the same meaning on both sides.
    """
    slots = find(structure, roles, found, model)
    if begun(roles, values, fresh):
        slots.assign(values)
    for optimizer in optimizers_of(model):
        _start(
            optimizer, _trained_by(optimizer, model, found), structure, roles, found, values, rate
        )
    return slots


def _trained_by(
    optimizer: keras.optimizers.Optimizer, model: keras.Model, found: Map
) -> Callable[[str], bool]:
    """Returns a function that says whether an optimizer may train a variable of TF1."""
    last = from_outside(model.optimizer)[-1]
    if not isinstance(last, SeveralOptimizers) or optimizer not in last.inner_optimizers:
        return lambda name: True
    own = {id(each) for each in last.weights_of(optimizer)}
    names = {link.tf1 for link in found.links if id(link.keras) in own}
    for cell in found.cells:
        if any(id(each) in own for each in cell.weights.values()):
            names |= {each.name for each in cell.tf1.values()}
    return names.__contains__


def _start(
    optimizer: keras.optimizers.Optimizer,
    trains: Callable[[str], bool],
    structure: Structure,
    roles: Roles,
    found: Map,
    values: Mapping[str, NDArray[Any]],
    rate: float | None,
) -> None:
    """Sets what one optimizer has besides slots with a meaning of TF1's."""
    steps = taken(structure, roles, values)
    if steps:
        optimizer.iterations.assign(steps)
    there = {each.path.rpartition("/")[2]: each for each in optimizer.variables}
    for update in structure.updates:
        if update.kind == "Adam" and trains(update.variable):
            for k in (1, 2):
                tensor = structure.variable_of(update.tensors[f"beta{k}_power"].partition(":")[0])
                if f"beta_{k}_power" in there and tensor is not None and tensor in values:
                    there[f"beta_{k}_power"].assign(values[tensor])
        if update.kind == "Momentum" and isinstance(optimizer, keras.optimizers.SGD) and rate:
            link_of = {link.tf1: link for link in found.links}
            joined = link_of.get(update.variable)
            if joined is None:
                continue
            name = f"{joined.keras.path.replace('/', '_')}_momentum"
            if name in there:
                there[name].assign(-rate * joined.to_keras(values[update.slots["accumulator"]]))


def begun(
    roles: Roles,
    values: Mapping[str, NDArray[Any]],
    fresh: Callable[[str], NDArray[Any] | None],
) -> bool:
    """Returns whether a checkpoint was saved after some steps.

    A slot has not the value of its initializer then. Where the graph has no initializer, a slot has
    different entries. Before the first step the port must have the slots' values by itself.
    """

    def moved(name: str) -> bool:
        value, first = values[name], fresh(name)
        if first is not None and first.shape == value.shape:
            return not np.array_equal(value, first)
        return value.size > 1 and bool((value != value.flat[0]).any())

    return any(moved(name) for name in roles.slots if name in values)


def taken(structure: Structure, roles: Roles | None, values: Mapping[str, NDArray[Any]]) -> int:
    """Returns how many steps the graph took before: by its counter, or by Adam's powers."""
    for name, value in values.items():
        if name.rpartition("/")[2] == "global_step" and np.ndim(value) == 0:
            return int(value)
    counters = [
        name
        for name in structure.written
        if name in values and np.ndim(values[name]) == 0 and values[name].dtype.kind == "i"
    ]
    if len(counters) == 1:  # a program may give its counter any name
        return int(values[counters[0]])
    for update in structure.updates:
        if update.kind == "Adam":
            power = structure.variable_of(update.tensors["beta1_power"].partition(":")[0])
            beta = structure.constant(update.tensors["beta1"])
            if power is not None and power in values and beta is not None:
                first, now = float(beta), float(values[power])
                if 0 < first < 1 and 0 < now < 1:
                    return max(0, round(math.log(now) / math.log(first)) - 1)
    return 0
