"""Defines a substitution, and what the modules of `differences` may look at."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from tf_recipes._support.known_differences import DIFFERENCES
from tf_recipes._support.wrapped_optimizers import from_outside
from tf_recipes.graph.facts import Facts
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench import keras_forward
from tf_recipes.verify.bench.recurrent_cells import layers_in
from tf_recipes.verify.bench.result import Result
from tf_recipes.verify.bench.variable_map import Map

MAP, FORWARD, TRAINING = "map", "forward", "training"


@dataclasses.dataclass(frozen=True)
class Substitution:
    """Holds one change of a port.

    `name` is a key of `known_differences.DIFFERENCES`, `text` what to replace by what, `code` the
    Python to write, `layer` the name of the layer concerned, or `"optimizer"`, or None.
    `change(model, map)` changes a fresh copy of the model in place, or returns another model.
    `remakes` is whether it makes the port anew, so that it comes before changes in place, `fitted`
    whether its number was fitted to the difference, so that it explains it wholly or not at all.
    """

    name: str
    text: str
    code: str
    change: Callable[[keras.Model, Map], keras.Model | None]
    layer: str | None = None
    remakes: bool = False
    fitted: bool = False

    @property
    def page(self) -> str:
        """Returns the page of the documentation on this difference."""
        return DIFFERENCES[self.name].page


@dataclasses.dataclass(frozen=True)
class Case:
    """Holds what a substitution may be chosen by: the result so far, and the facts of the graph.

    `stage` is where the port fails first: `MAP`, `FORWARD` or `TRAINING`.
    """

    stage: str
    result: Result
    facts: Facts

    @property
    def structure(self) -> Structure:
        """Returns the structure of the graph."""
        return self.result.bench.reference.structure

    @property
    def model(self) -> keras.Model:
        """Returns the model that was judged; a substitution must not change it."""
        return self.result.model

    @property
    def first_layer(self) -> str | None:
        """Returns the first layer whose outputs differ in evaluation, or None."""
        for each in self.result.layers:
            if each.judged is not None and not each.judged.passed:
                return each.layer
        return None

    def layers(self, *kinds: type[Any]) -> list[Any]:
        """Returns the layers of the model that are of some classes."""
        return [each for each in layers_in(self.model) if isinstance(each, kinds)]

    def kernel_of(self, layer: keras.layers.Layer) -> str | None:
        """Returns the TF1 variable that is joined to a layer's kernel, or None."""
        for link in self.result.found.links:
            if any(link.keras is each for each in (getattr(layer, "kernel", None),)):
                return link.tf1
        return None

    def variables_of(self, layer: keras.layers.Layer) -> list[str]:
        """Returns the TF1 variables that are joined to a layer's variables."""
        own = {id(each) for each in layer.variables}
        return [link.tf1 for link in self.result.found.links if id(link.keras) in own]


def inner(optimizer: Any) -> Any:
    """Returns the optimizer inside a loss scale's or an average's, or the optimizer itself."""
    return from_outside(optimizer)[-1]


def by_name(model: keras.Model, name: str) -> Any:
    """Returns the layer of a copy that has a name."""
    return next(each for each in layers_in(model) if each.name == name)


def by_place(model: keras.Model, original: keras.Model, layer: keras.layers.Layer) -> Any:
    """Returns the layer of a copy that stands where a layer stands in the original.

    Keras numbers the names of layers that have none of their own, so a copy may have other names.
    """
    place = [id(each) for each in layers_in(original)].index(id(layer))
    return list(layers_in(model))[place]


def rounded(value: float) -> float:
    """Returns the shortest decimal of a number that TF1 held in float32.

    >>> rounded(0.10000000149011612)
    0.1
    """
    return float(str(np.float32(value)))


def remade(case: Case, model: keras.Model, changes: Mapping[str, dict[str, Any]]) -> keras.Model:
    """Returns a compiled copy of a model in which some layers have other arguments.

    The port's own code makes the copy, so that a subclassed model, its `train_step` and its losses
    stay what they are. A model that no code of the user's makes is cloned by its configuration.

    Args:
        case: what is known of the port.
        model: a copy of the port, maybe made by this function.
        changes: `{layer's name in the judged model: the arguments to change}`.
    """
    source, layers = case.result.source, {each.name: each for each in layers_in(case.model)}
    places = {name: layers[name].__dict__.get("made_as") for name in changes}
    if None in places.values():
        return _recloned(model, case.model, changes)
    wanted = dict(model.__dict__.get("made_with", {}))
    for name, place in places.items():
        wanted[place] = {**wanted.get(place, {}), **changes[name]}
    new = source.make(wanted)
    object.__setattr__(new, "made_with", wanted)
    bench = case.result.bench
    keras_forward.predict(new, bench.x(new, bench.feeds.evaluate()))  # builds a subclassed model
    return new


def _recloned(
    model: keras.Model, original: keras.Model, changes: Mapping[str, dict[str, Any]]
) -> keras.Model:
    """Returns a compiled clone of a functional model in which some layers have other arguments."""
    pairs = zip(layers_in(model), layers_in(original), strict=True)
    names = {id(layer): named.name for layer, named in pairs}

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        changed = changes.get(names.get(id(layer), ""), {})
        config = layer.get_config()
        return type(layer).from_config({**config, **changed})

    return keras.models.clone_model(model, clone_function=clone)  # compiled as the model is


def each_once(items: Iterator[Substitution]) -> Iterator[Substitution]:
    """Yields the substitutions whose text was not yielded before."""
    seen: set[str] = set()
    for each in items:
        if each.text not in seen:
            seen.add(each.text)
            yield each
