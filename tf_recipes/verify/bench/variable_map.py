"""Maps the variables of a TF1 graph to the variables of a Keras model."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.blocks.batch_norm import BatchNormalization
from tf_recipes.blocks.weight import Weight
from tf_recipes.graph.roles import BIAS, GAMMA, KERNEL, NORMALIZATION, OTHER, TF1Variable
from tf_recipes.verify.bench import recurrent_cells

_NORM = re.compile(r"(^|_)(bn|norm|batch_?norm(alization)?)(_|$)")  # in a layer's name
GIVEN, NAME, SHAPE, CELL = "given", "name", "shape", "cell"
USE, ORDER = "use", "order and values"
# the last part of a Keras variable's path -> the role, as in `graph.roles`
_LEAVES = {
    "kernel": KERNEL,
    "embeddings": KERNEL,
    "depthwise_kernel": KERNEL,
    "pointwise_kernel": KERNEL,
    "bias": BIAS,
    "moving_mean": "moving_mean",
    "moving_variance": "moving_variance",
    "gamma": GAMMA,
    "beta": "beta",
}


@dataclasses.dataclass(frozen=True)
class Link:
    """Joins one TF1 variable to one Keras variable.

    `how` says what the link rests on. `transposed` is True where the Keras variable holds the
    transpose. `unit` is what the variable changes places with: its kernel, or the scope of its
    normalization. A variable that belongs to a recurrent cell is in `Map.cells` instead.
    """

    tf1: str
    keras: keras.Variable
    how: str
    transposed: bool = False
    unit: str = ""

    def to_keras(self, value: NDArray[Any]) -> NDArray[Any]:
        """Returns TF1's value in the shape of the Keras variable."""
        return (value.T if self.transposed else value).reshape(self.keras.shape)

    def to_tf1(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """Returns the value of the Keras variable in TF1's shape."""
        value = np.copy(keras.ops.convert_to_numpy(self.keras))
        return (value.T if self.transposed else value).reshape(shape)


@dataclasses.dataclass
class Map:
    """Holds the links, the recurrent cells, and what is left on either side.

    `guessed` is True where the order of use joins variables of one shape, and neither values nor
    the graph tell whether it is right. `settled` is True where no other order is to be tried.
    """

    links: list[Link]
    cells: list[recurrent_cells.Cell]
    left_tf1: list[TF1Variable]
    left_keras: list[keras.Variable]
    guessed: bool = False
    settled: bool = False

    def assign(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Sets the Keras variables to TF1's values."""
        for link in self.links:
            link.keras.assign(link.to_keras(values[link.tf1]))
        for cell in self.cells:
            cell.assign(values)

    def values(self, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, NDArray[Any]]]:
        """Yields TF1's name and the Keras value in TF1's form, one after the other."""
        for link in self.links:
            yield link.tf1, link.to_tf1(shapes[link.tf1])
        for cell in self.cells:
            yield from cell.values().items()

    @property
    def complete(self) -> bool:
        """Returns whether nothing that the predictions need is left on either side."""
        needed = [each for each in self.left_tf1 if each.needed]
        return not needed and not self.left_keras

    def same_pairs(self, other: Map) -> bool:
        """Returns whether another map of the same model joins the same variables."""
        mine, its = (
            [id(e.keras) for e in each.links]
            + [id(v) for c in each.cells for v in c.keras_variables]
            for each in (self, other)
        )
        return mine == its

    def keras_of(self) -> dict[str, keras.Variable]:
        """Returns `{TF1's name: Keras variable}` of the links."""
        return {link.tf1: link.keras for link in self.links}


def find(
    tf1: Sequence[TF1Variable],
    model: keras.Model,
    given: Mapping[str, str] | None = None,
    forget_biases: Mapping[str, float] | None = None,
) -> Map:
    """Finds which Keras variable stands for which TF1 variable.

    The steps are: what is given; recurrent cells; equal names; kernels by shape and order; the
    bias and the normalization of a layer by its kernel; the rest by shape, role and order.

    Args:
        tf1: the variables of the graph, in the order of their use.
        model: a built `keras.Model`.
        given: `{TF1's name: path of a Keras variable}`; a path that begins with `transpose:` holds
            the transpose.
        forget_biases: `{kernel of an LSTM cell: what TF1 adds to the forget gate}`.

    Raises:
        ValueError: for a given name that one side does not have.
    """
    work = _Search(list(tf1), weights_of(model))
    work.take_given(given or {})
    cells = work.take_cells(model, forget_biases or {})
    work.take_names()
    work.take_kernels()
    work.take_biases()
    work.take_normalizations()
    work.take_rest()
    work.leave_unused(model)
    order = {each.name: each.place for each in tf1}
    links = sorted(work.links, key=lambda link: order[link.tf1])
    return Map(links, cells, work.tf1, work.keras)


class _Search:
    """Holds what is not joined yet, and joins some of it at each step."""

    def __init__(self, tf1: list[TF1Variable], weights: list[keras.Variable]) -> None:
        self.tf1, self.keras = tf1, weights
        self.links: list[Link] = []

    def join(
        self,
        one: TF1Variable,
        other: keras.Variable,
        how: str,
        turned: bool = False,
        unit: str | None = None,
    ) -> None:
        self.links.append(Link(one.name, other, how, turned, one.name if unit is None else unit))
        self.tf1.remove(one)
        self.keras = [each for each in self.keras if each is not other]

    def take_given(self, given: Mapping[str, str]) -> None:
        names = {each.name: each for each in self.tf1}
        paths = {_path(each): each for each in self.keras}
        for name, target in given.items():
            turned = target.startswith("transpose:")
            path = target.removeprefix("transpose:")
            if name not in names or path not in paths:
                wrong, have = (name, names) if name not in names else (path, paths)
                listed = ", ".join(repr(shortened(each, 60)) for each in list(have)[:8])
                validation.fail(
                    "A map must join a variable of the graph to a variable of the model.",
                    f"{shortened(wrong, 100)!r}",
                    f"Choose from {listed or 'none'}.",
                )
            one, other = names[name], paths[path]
            shape = one.shape[::-1] if turned else one.shape
            if not _same_entries(other, shape):
                validation.fail(
                    "Two variables that a map joins must have one shape.",
                    f"{shortened(name, 60)} {one.shape}, {shortened(path, 60)} {other.shape}",
                    "Correct the map, or write 'transpose:PATH' for a transpose.",
                )
            self.join(one, other, GIVEN, turned)

    def take_cells(
        self, model: keras.Model, forget_biases: Mapping[str, float]
    ) -> list[recurrent_cells.Cell]:
        cells = []
        for cell in recurrent_cells.find(self.tf1, self.keras, model, forget_biases):
            cells.append(cell)
            gone = {id(each) for each in cell.keras_variables}
            self.tf1 = [each for each in self.tf1 if each.name not in cell.tf1_names]
            self.keras = [each for each in self.keras if id(each) not in gone]
        return cells

    def take_names(self) -> None:
        """Joins variables whose layer and role have the same names on both sides.

        A kernel of a program without scopes has a name of its own, which the layer may have.
        """
        by_name = defaultdict(list)
        for other in self.keras:
            by_name[_layer_name(other), _role(other)].append(other)
        for one in list(self.tf1):
            last = one.scope.rpartition("/")[2]
            for scope in (one.scope, last, one.scope.replace("/", "_")):
                found = by_name.get((scope, one.role), [])
                if len(found) == 1 and tuple(found[0].shape) == one.shape:
                    same = [t for t in self.tf1 if t.role == one.role and t.scope == one.scope]
                    if len(same) == 1 and any(found[0] is each for each in self.keras):
                        self.join(one, found[0], NAME)
                        break
        for one in [each for each in self.tf1 if each.role == KERNEL]:
            alike = [each for each in self.tf1 if _leaf(each.name) == _leaf(one.name)]
            for name in (
                one.name.replace("/", "_"),
                *([_leaf(one.name)] if len(alike) == 1 else ()),
            ):
                found = [o for o in by_name.get((name, KERNEL), []) if tuple(o.shape) == one.shape]
                if len(found) == 1 and any(found[0] is each for each in self.keras):
                    self.join(one, found[0], NAME)
                    break

    def take_kernels(self) -> None:
        """Joins kernels by shape and order; first those whose biases have one shape as well."""
        biases = {one.kernel: one.shape for one in self.tf1 if one.role == BIAS}
        ours = {_layer(_path(o)): tuple(o.shape) for o in self.keras if _role(o) == BIAS}
        for shape in dict.fromkeys(biases.values()):
            left = [one for one in self.tf1 if biases.get(one.name) == shape]
            right = [o for o in self.keras if ours.get(_layer(_path(o))) == shape]
            self._by_shape(KERNEL, left, right)
        self._by_shape(KERNEL)

    def take_biases(self) -> None:
        """Joins the bias of a kernel that is joined to the bias of the same Keras layer."""
        layer_of = {link.tf1: _layer(link.keras.path) for link in self.links}
        for one in list(self.tf1):
            if one.role != BIAS or one.kernel not in layer_of:
                continue
            path = f"{layer_of[one.kernel]}/bias"
            other = next((each for each in self.keras if _path(each) == path), None)
            if other is not None and tuple(other.shape) == one.shape:
                how = next(link.how for link in self.links if link.tf1 == one.kernel)
                self.join(one, other, how, unit=one.kernel)

    def take_normalizations(self) -> None:
        """Joins the four variables of each normalization as one, in order."""
        theirs: dict[str, dict[str, TF1Variable]] = defaultdict(dict)
        ours: dict[str, dict[str, keras.Variable]] = defaultdict(dict)
        for one in self.tf1:
            if one.role in NORMALIZATION:
                theirs[one.scope][one.role] = one
        for other in self.keras:
            if _role(other) in NORMALIZATION:
                ours[_layer(other.path)][_role(other)] = other
        self._norms_by_kernel(theirs, ours)
        shapes = {tuple(each.shape) for group in ours.values() for each in group.values()}
        for shape in shapes:
            left = [g for g in theirs.values() if next(iter(g.values())).shape == shape]
            right = [g for g in ours.values() if tuple(next(iter(g.values())).shape) == shape]
            if len(left) == len(right):
                for group, layer in zip(left, right, strict=True):
                    for role in group.keys() & layer.keys():
                        how = SHAPE if len(left) == 1 else ORDER
                        self.join(group[role], layer[role], how, unit=f"{group[role].scope}/")

    def _norms_by_kernel(
        self,
        theirs: dict[str, dict[str, TF1Variable]],
        ours: dict[str, dict[str, keras.Variable]],
    ) -> None:
        """Joins the normalization in the scope of a kernel to the layer named after its layer."""
        layers = {e.tf1.rpartition("/")[0]: _layer_name(e.keras) for e in self.links}
        for scope in list(theirs):
            wanted = layers.get(scope.rpartition("/")[0], "").lower()
            named = [
                each for each in ours if _NORM.sub("", each.rpartition("/")[2].lower()) == wanted
            ]
            if not wanted or len(named) != 1:
                continue
            one, other = theirs[scope], ours[named[0]]
            if all(
                tuple(other[role].shape) == one[role].shape for role in one.keys() & other.keys()
            ):
                for role in one.keys() & other.keys():
                    self.join(one[role], other[role], NAME, unit=f"{scope}/")
                del theirs[scope], ours[named[0]]

    def take_rest(self) -> None:
        for role in sorted({each.role for each in self.tf1}):
            self._by_shape(role)
        self._alone()

    def _alone(self) -> None:
        """Joins what is left with a shape on either side, whatever its role.

        A scalar, or the slopes of a PReLU, have names of the program's own and no role by them.
        Those of one shape are told by these names, else by their order and values.
        """
        for one in [each for each in self.tf1 if each.needed or each.trained]:
            left = [e for e in self.tf1 if _entries(e.shape) == _entries(one.shape)]
            right = [o for o in self.keras if _entries(o.shape) == _entries(one.shape)]
            same = [o for o in right if _leaf(_path(o)) == _leaf(one.name)]
            if len(same) == len([e for e in left if _leaf(e.name) == _leaf(one.name)]) == 1:
                self.join(one, same[0], NAME)
        for one in [each for each in self.tf1 if each.needed or each.trained]:
            if one not in self.tf1:
                continue
            left = [e for e in self.tf1 if _entries(e.shape) == _entries(one.shape)]
            right = [o for o in self.keras if _entries(o.shape) == _entries(one.shape)]
            no_role = not _entries(one.shape) or all(each.role == OTHER for each in left)
            if len(left) == len(right) and (len(left) == 1 or no_role):
                for each, other in zip(left, right, strict=True):
                    self.join(each, other, SHAPE if len(left) == 1 else ORDER)

    def leave_unused(self, model: keras.Model) -> None:
        """Leaves out what needs no value of TF1, where TF1 has none.

        Arrays that a model holds as constants have their values. No prediction depends on the
        moving averages of a layer that always normalises by the batch.
        """
        held = set()
        for layer in recurrent_cells.layers_in(model):
            if isinstance(layer, Weight) and layer.built and not layer.trainable:
                held.add(id(layer.value))
            if isinstance(layer, BatchNormalization) and layer.statistics == "batch":
                held |= {id(each) for each in layer.non_trainable_variables}
        self.keras = [each for each in self.keras if id(each) not in held]

    def _by_shape(
        self,
        role: str,
        tf1: Sequence[TF1Variable] | None = None,
        ours: Sequence[keras.Variable] | None = None,
    ) -> None:
        """Joins variables of a role, shape by shape, where both sides have as many.

        Args:
            role: the role.
            tf1: the variables of the graph to choose from; by default what is left.
            ours: the same of the model.
        """
        tf1, ours = self.tf1 if tf1 is None else tf1, self.keras if ours is None else ours
        for shape in list(dict.fromkeys(one.shape for one in tf1)):
            left = [one for one in tf1 if one.role == role and one.shape == shape]
            right = [o for o in ours if _role(o) == role and tuple(o.shape) == shape]
            if not right and role == KERNEL:  # a Conv1D, say, that TF1 had as a Conv2D
                right = [o for o in ours if _role(o) == role and _same_entries(o, shape)]
            if len(left) != len(right):
                left = [one for one in left if one.needed or one.trained]
            if left and len(left) == len(right):
                how = SHAPE if len(left) == 1 else ORDER
                for one, other in zip(left, right, strict=True):
                    self.join(one, other, how)


def _same_entries(variable: keras.Variable, shape: tuple[int, ...]) -> bool:
    """Returns whether a variable differs from a shape in axes of one entry alone."""
    return _entries(variable.shape) == _entries(shape)


def _entries(shape: Sequence[int]) -> list[int]:
    """Returns a shape without its axes of one entry."""
    return [n for n in shape if n != 1]


def weights_of(model: keras.Model) -> list[keras.Variable]:
    """Returns the model's weights, each once."""
    found: dict[int, keras.Variable] = {}
    for each in model.weights:
        found.setdefault(id(each), each)
    return list(found.values())


def _path(variable: keras.Variable) -> str:
    return str(variable.path)


def _leaf(name: str) -> str:
    return name.rpartition("/")[2]


def _layer(path: str) -> str:
    return path.rpartition("/")[0]


def _layer_name(variable: keras.Variable) -> str:
    return _layer(_path(variable)).rpartition("/")[2]


def _role(variable: keras.Variable) -> str:
    leaf = _path(variable).rpartition("/")[2]
    if leaf in _LEAVES:
        return _LEAVES[leaf]
    return KERNEL if len(variable.shape) > 1 else BIAS


def offers(left_tf1: Iterable[TF1Variable], left_keras: Iterable[keras.Variable]) -> list[str]:
    """Returns what a person may write into a map for variables that are left on both sides."""
    found = []
    for one in left_tf1:
        for other in left_keras:
            if one.shape == tuple(other.shape)[::-1] and len(one.shape) == 2:
                found.append(f"{one.name} -> transpose:{_path(other)}")
            elif one.shape == tuple(other.shape):
                found.append(f"{one.name} -> {_path(other)}")
    return found
