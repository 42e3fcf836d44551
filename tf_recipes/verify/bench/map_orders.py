"""Orders variables of one shape that no name tells apart: by the graph's use, or one after another.

What changes places as one is a unit: a kernel with its bias, a normalization, a recurrent cell.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes.graph.roles import Roles
from tf_recipes.parity.comparison import relative_drift
from tf_recipes.verify.bench import keras_forward, variable_map
from tf_recipes.verify.bench.recurrent_cells import Cell, layers_in
from tf_recipes.verify.bench.variable_map import ORDER, USE, Link, Map

MOST = 720  # orders that are tried: all of six kernels
_SEEN = 1e-4  # a relative change of a layer's outputs that is no rounding


@dataclasses.dataclass(frozen=True)
class Unit:
    """Holds the variables that change places as one: `{part: TF1's name}` and `{part: Keras}`."""

    tf1: Mapping[str, str]
    keras: Mapping[str, keras.Variable]


def groups(found: Map) -> list[list[Unit]]:
    """Returns the groups of units of one shape that the order of use alone joins."""
    units: dict[str, list[Link]] = defaultdict(list)
    for link in found.links:
        if link.how == ORDER:
            units[link.unit].append(link)
    by_shape: dict[Any, list[Unit]] = defaultdict(list)
    for name, links in units.items():
        # a bias follows its kernel, also where another kernel of the shape has none
        main = [e for e in links if e.tf1 == name] or links
        shapes = frozenset((_part(e, name), tuple(e.keras.shape)) for e in main)
        by_shape[shapes].append(
            Unit({_part(e, name): e.tf1 for e in links}, {_part(e, name): e.keras for e in links})
        )
    for cell in found.cells:
        shapes = frozenset((part, tuple(each.shape)) for part, each in cell.weights.items())
        names = {part: each.name for part, each in cell.tf1.items()}
        by_shape[cell.kind, cell.direction, shapes].append(Unit(names, cell.weights))
    fitting = (part for each in by_shape.values() for part in _fitting(each))
    return [each for each in fitting if len(each) > 1]


def _fitting(units: Sequence[Unit]) -> list[list[Unit]]:
    """Returns units in groups, in each of which the parts that two units have are of one shape.

    A convolution and a transposed one may have kernels of one shape, but not biases.
    """
    found: list[list[Unit]] = []
    for unit in units:
        for group in found:
            if all(
                tuple(value.shape) == tuple(each.keras[part].shape)
                for each in group
                for part, value in unit.keras.items()
                if part in each.keras
            ):
                group.append(unit)
                break
        else:
            found.append([unit])
    return found


def permutations(found: Map) -> Iterator[Map]:
    """Yields the other maps in which the units of a group change places, at most `MOST`."""
    open_groups = groups(found)
    orders = itertools.product(*(itertools.permutations(range(len(g))) for g in open_groups))
    for order in itertools.islice(orders, 1, MOST):
        pairs = [
            (unit, group[place])
            for group, places in zip(open_groups, order, strict=True)
            for unit, place in zip(group, places, strict=True)
        ]
        yield moved(found, pairs)


def count(found: Map) -> int:
    """Returns the number of maps that the shapes permit."""
    return int(np.prod([float(_factorial(len(group))) for group in groups(found)]))


def moved(found: Map, pairs: Sequence[tuple[Unit, Unit]], how: str = ORDER) -> Map:
    """Returns a map in which the TF1 side of each first unit has the Keras side of the second.

    Args:
        found: a map.
        pairs: a unit that gives TF1's variables, and the one that gives the Keras variables.
        how: what these links rest on.
    """
    there: dict[str, keras.Variable] = {}
    cells: dict[frozenset[str], Mapping[str, keras.Variable]] = {}
    for one, other in pairs:
        cells[frozenset(one.tf1.values())] = other.keras
        there.update({n: other.keras[part] for part, n in one.tf1.items() if part in other.keras})
    links = [
        dataclasses.replace(link, keras=there[link.tf1], how=how) if link.tf1 in there else link
        for link in found.links
    ]
    layers = {id(cell.weights["kernel"]): cell.layer for cell in found.cells}
    new = []
    for cell in found.cells:
        weights = cells.get(frozenset(cell.tf1_names), cell.weights)
        layer = layers[id(weights["kernel"])]
        new.append(dataclasses.replace(cell, weights=weights, layer=layer))
    return dataclasses.replace(found, links=links, cells=new)


def by_use(
    found: Map, roles: Roles, model: keras.Model, inputs: Sequence[str], x: Any
) -> Map | None:
    """Returns the map in which each unit has the same place in the graph and in the model.

    A unit's place is told by what it has an influence on, and what has an influence on it. Layers
    one behind the other have places of their own. Twins side by side have one place, and then
    nothing is returned.

    Args:
        found: a map.
        roles: the roles of TF1's variables.
        model: the model; its variables are set anew.
        inputs: TF1's tensors of the model's inputs.
        x: the model's inputs.
    """
    open_groups = groups(found)
    if not open_groups:
        return None
    units = [unit for group in open_groups for unit in group]
    owners = [_owner(model, unit) for unit in units]
    if None in owners or len(set(map(id, owners))) < len(owners):
        return None
    sure = []
    for link in found.links:
        anchor = Unit({"": link.tf1}, {"": link.keras})
        if link.how != ORDER and len(link.keras.shape) > 1:
            owner = _owner(model, anchor)
            if owner is not None and not any(owner is each for each in owners):
                sure.append(anchor)
                owners.append(owner)
    theirs = _influence_in_graph([*units, *sure], roles, inputs)
    classes, first = [], 0
    for group in open_groups:
        classes.append(range(first, first + len(group)))
        first += len(group)
    # each group alone, where nothing else of a wrong port can mislead; then all together
    anchors = [range(k, k + 1) for k in range(first, first + len(sure))]
    tries: list[list[tuple[list[range], Relation | None]]] = [
        [([each], None) for each in classes],
        [([*classes, *anchors], theirs[1])],
    ]
    tries = [t for t in tries if all(_matched(theirs[0], theirs[0], c, (i, i)) for c, i in t)]
    if not tries:  # the graph itself does not tell them apart
        return None
    ours = _influence_in_model([*units, *sure], owners, model, x, len(inputs))
    if ours is None:
        return None
    for each in tries:
        order: dict[int, int] = {}
        for among, of_inputs in each:
            own = None if of_inputs is None else ours[1]
            order |= _matched(theirs[0], ours[0], among, (of_inputs, own)) or {}
        if len(order) >= len(units):
            return moved(found, [(units[k], units[order[k]]) for k in range(len(units))], USE)
    return None


def _part(link: Link, unit: str) -> str:
    """Returns the part that a variable is of its unit."""
    if unit.endswith("/"):  # the scope of a normalization
        return link.keras.path.rpartition("/")[2]
    return "" if link.tf1 == unit else "bias"


def _factorial(n: int) -> int:
    return n * _factorial(n - 1) if n > 1 else 1


Relation = NDArray[np.bool_]


def _influence_in_graph(
    units: Sequence[Unit], roles: Roles, inputs: Sequence[str]
) -> tuple[Relation, Relation]:
    """Returns which unit influences which, (units, units), and which input, (inputs, units)."""
    used = [set().union(*(roles.used_by(n) for n in unit.tf1.values())) for unit in units]
    behind = [roles.behind(each) for each in used]
    among = [[bool(b & u) and k != j for j, u in enumerate(used)] for k, b in enumerate(behind)]
    of_inputs = [[bool(roles.behind_input(each) & u) for u in used] for each in inputs]
    return np.array(among, bool), np.array(of_inputs, bool).reshape(len(inputs), len(units))


def _owner(model: keras.Model, unit: Unit) -> keras.layers.Layer | None:
    """Returns the innermost layer that holds a unit's variables, or None for several or none."""
    one = next(iter(unit.keras.values()))
    holding = [e for e in layers_in(model) if any(one is w for w in e.weights)]
    inner = [e for e in holding if not any(f in holding for f in layers_in(e))]
    return inner[0] if len(inner) == 1 else None


def _influence_in_model(
    units: Sequence[Unit],
    owners: Sequence[keras.layers.Layer],
    model: keras.Model,
    x: Any,
    n_inputs: int,
) -> tuple[Relation, Relation] | None:
    """Returns the same for a model, whose variables and inputs are changed one after the other.

    None where the outputs of an owner cannot be seen.
    """
    random = np.random.RandomState(0)
    variables = list(model.weights)
    kept = [np.copy(keras.ops.convert_to_numpy(v)) for v in variables]

    def drawn(shape: Sequence[int]) -> NDArray[Any]:
        sign = np.where(random.rand(*shape) < 0.5, -1, 1) if len(shape) > 1 else 1
        return random.uniform(0.2, 0.7, shape) * sign

    def outputs(given: Any) -> list[list[NDArray[Any]]]:
        called = keras_forward.calls(model, given)
        return [[value for layer, value in called if layer is owner] for owner in owners]

    def changed(now: list[list[NDArray[Any]]]) -> list[bool]:
        return [
            len(a) != len(b)
            or any(not relative_drift(p, q) <= _SEEN for p, q in zip(a, b, strict=True))
            for a, b in zip(now, before, strict=True)
        ]

    try:
        for variable in variables:
            variable.assign(drawn(variable.shape))
        before = outputs(x)
        if not all(before):
            return None
        among = []
        for unit in units:
            held = {k: np.copy(keras.ops.convert_to_numpy(v)) for k, v in unit.keras.items()}
            for each in unit.keras.values():
                each.assign(drawn(each.shape))
            among.append(changed(outputs(x)))
            for part, value in held.items():
                unit.keras[part].assign(value)
        of_inputs = []
        parts = keras.tree.flatten(x)
        for k in range(n_inputs if len(parts) == n_inputs else 0):
            turned = [np.roll(e, 1, 0)[::-1] if j == k else e for j, e in enumerate(parts)]
            of_inputs.append(changed(outputs(keras.tree.pack_sequence_as(x, turned))))
    finally:
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)
    relation = np.array(among, bool)
    np.fill_diagonal(relation, False)
    return relation, np.array(of_inputs, bool).reshape(-1, len(units))


def _matched(
    theirs: Relation,
    ours: Relation,
    classes: Sequence[range],
    inputs: tuple[Relation | None, Relation | None],
) -> dict[int, int] | None:
    """Returns `{unit of TF1: unit of the model}` where one assignment alone keeps the relation.

    Units get colours, at first those of their classes; then what influences them, and what they
    influence, tells them apart, as far as it can.

    Args:
        theirs: which unit influences which, in the graph.
        ours: the same in the model.
        classes: the units that may be matched with each other.
        inputs: which input influences which unit, in the graph and in the model, or None.
    """
    places = [k for members in classes for k in members]
    colours: list[dict[int, Any]] = []
    for given in inputs:
        first: dict[int, Any] = {k: c for c, members in enumerate(classes) for k in members}
        if given is not None and len(given):
            first = {k: (c, tuple(given[:, k].tolist())) for k, c in first.items()}
        colours.append(first)
    for _ in places:
        for side, relation in enumerate((theirs, ours)):
            now = colours[side]
            colours[side] = {
                k: (
                    now[k],
                    tuple(sorted(repr(now[j]) for j in places if relation[j, k])),
                    tuple(sorted(repr(now[j]) for j in places if relation[k, j])),
                )
                for k in places
            }
        # short names for the colours, the same on both sides
        known = sorted({repr(c) for side in colours for c in side.values()})
        number = {text: k for k, text in enumerate(known)}
        colours = [{k: number[repr(c)] for k, c in side.items()} for side in colours]
    one, other = colours
    if len(set(one.values())) < len(one) or set(one.values()) != set(other.values()):
        return None
    of = {c: k for k, c in other.items()}
    return {k: of[c] for k, c in one.items()}


def transferred(found: Map, model: keras.Model, mended: Map, copy: keras.Model) -> Map | None:
    """Returns a model's map with the pairs of a copy's map, or None where they do not fit.

    Args:
        found: the map of the model.
        model: the model.
        mended: the map of the copy.
        copy: the copy, whose variables stand in the same order.
    """
    ours, theirs = variable_map.weights_of(model), variable_map.weights_of(copy)
    if [tuple(v.shape) for v in ours] != [tuple(v.shape) for v in theirs]:
        return None
    at = {id(v): ours[k] for k, v in enumerate(theirs)}
    there = {link.tf1: at[id(link.keras)] for link in mended.links}
    cells = {
        frozenset(cell.tf1_names): {part: at[id(v)] for part, v in cell.weights.items()}
        for cell in mended.cells
    }
    if any(link.tf1 not in there for link in found.links):
        return None
    links = [dataclasses.replace(link, keras=there[link.tf1]) for link in found.links]
    layers = {id(cell.weights["kernel"]): cell.layer for cell in found.cells}
    new: list[Cell] = []
    for cell in found.cells:
        weights = cells.get(frozenset(cell.tf1_names))
        if weights is None or id(weights["kernel"]) not in layers:
            return None
        layer = layers[id(weights["kernel"])]
        new.append(dataclasses.replace(cell, weights=weights, layer=layer))
    return dataclasses.replace(found, links=links, cells=new, guessed=False, settled=True)
