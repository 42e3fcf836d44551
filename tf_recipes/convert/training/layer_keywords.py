"""Writes penalties, bounds and frozen weights as keyword arguments of the program's layers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.program import transforms
from tf_recipes.convert.program.expressions import Layer, Made, Origin, made
from tf_recipes.convert.program.keras_program import identity
from tf_recipes.convert.training.loss_graph import Penalty
from tf_recipes.convert.training.numbers_of_graph import plain

# the last part of a weight's path in its layer -> what its arguments begin with
_PREFIXES = {
    "kernel": "kernel_",
    "recurrent_kernel": "recurrent_",
    "bias": "bias_",
    "embeddings": "embeddings_",
    "gamma": "gamma_",
    "beta": "beta_",
    "depthwise_kernel": "depthwise_",
    "pointwise_kernel": "pointwise_",
    "value": "",  # of tf_recipes.Weight
}
_UNTRAINED = ("moving_mean", "moving_variance")
_REMEDY = "Convert for predictions alone with inference=True."


def find(
    layers: Iterable[Layer],
    trained: Iterable[str],
    penalties: Mapping[str, Penalty],
    constraints: Mapping[str, Made],
    written: Collection[str] = (),
) -> dict[Any, dict[str, Any]]:
    """Returns `{identity of a layer: {keyword: value}}`.

    Args:
        layers: the layers of the program.
        trained: the variables that the training step trains.
        penalties: `{variable: penalty}`.
        constraints: `{variable: constraint}`.
        written: the variables that assignments of the step change.

    Raises:
        ValueError: if a layer cannot have what its variables have, or no layer has a variable.
    """
    found: dict[Any, dict[str, Any]] = {}
    known = set(trained)
    owned: set[str] = set()
    for layer in layers:
        keywords: dict[str, Any] = {}
        can_train = []
        for path, origin in layer.weights:
            if not origin.variables:
                continue
            owned |= set(origin.variables)
            last = path.rpartition(".")[2]
            if last in _UNTRAINED or layer.keyword("trainable") is False:
                continue
            can_train.append((path, origin))
            penalty = _one(layer, origin, penalties, "penalty")
            if penalty is not None:
                keywords[f"{_prefix(layer, last)}regularizer"] = _regularizer(penalty, layer)
            constraint = _one(layer, origin, constraints, "bound on the norm")
            if constraint is not None:
                _check_whole(origin)
                keywords[f"{_prefix(layer, last)}constraint"] = constraint
        frozen = [all(name not in known for name in origin.variables) for _, origin in can_train]
        if any(frozen):
            moved = [n for p, o in layer.weights if p in _UNTRAINED for n in o.variables]
            moves = any(name in written for name in moved)
            _check_frozen(layer, frozen, [origin for _, origin in can_train], known, moves)
            keywords["trainable"] = False
        if keywords:
            found[identity(layer)] = keywords
    for kind, names in (("penalty", penalties), ("bound on the norm", constraints)):
        for name in names:
            if name not in owned:
                _refuse(f"a {kind} of {shortened(name, 80)!r}, which the predictions do not take")
    return found


def _one(layer: Layer, origin: Origin, told: Mapping[str, Any], kind: str) -> Any:
    """Returns what all the variables of a weight have, or None."""
    values = {told.get(name) for name in origin.variables}
    if len(values) > 1:
        _refuse(f"a {kind} of some of {', '.join(origin.variables)}")
    value = values.pop()
    if (
        value is not None
        and transforms.linear(origin) != origin
        and any(
            number
            for *_, number in dict(origin.transform.arguments)["added"]  # type: ignore[union-attr]
        )
    ):
        _refuse(f"a {kind} of {origin.variables[0]!r}, to which Keras adds the forget bias")
    return value


def _prefix(layer: Layer, last: str) -> str:
    if last not in _PREFIXES:
        _refuse(f"a penalty or bound of {last!r} in {layer.path}")
    return _PREFIXES[last]


def _regularizer(penalty: Penalty, layer: Layer) -> Made:
    """Returns the penalty as a regularizer; that of Keras rounds the scales of float64 weights."""
    l1, l2 = penalty.l1, penalty.l2
    if layer.keyword("dtype") == "float64":
        if l1 and l2:
            return made("tf_recipes.l1_l2_regularizer", l1, l2)
        return made(f"tf_recipes.l{2 if l2 else 1}_regularizer", l2 or l1)
    half = plain(l2 / 2)  # Keras has no factor one half
    if l1 and l2:
        return made("keras.regularizers.L1L2", l1=l1, l2=half)
    return made("keras.regularizers.L2", half) if l2 else made("keras.regularizers.L1", l1)


def _check_whole(origin: Origin) -> None:
    """Checks that a weight has the form of its variable, so that norms have the same axes."""
    if origin.transform is not None:
        _refuse(f"a bound on the norm of {origin.variables[0]!r}, of which Keras has another form")


def _check_frozen(
    layer: Layer, frozen: list[bool], origins: list[Origin], trained: set[str], moves: bool
) -> None:
    """Checks that a layer is frozen as a whole, which Keras can do.

    Args:
        layer: the layer.
        frozen: whether the step leaves each of its weights as it is.
        origins: where the weights come from.
        trained: the variables that the step trains.
        moves: whether the step moves the averages of the layer.
    """
    names = [name for origin in origins for name in origin.variables]
    if not all(frozen) or any(name in trained for name in names):
        still = ", ".join(name for name in names if name not in trained)
        _refuse(f"a layer of which the step trains all weights but {shortened(still, 80)!r}")
    if "BatchNormalization" in layer.path and (moves or not layer.keyword("statistics")):
        # Keras would use the moving averages in training, too, and not move them
        _refuse(f"a batch normalization whose weights {shortened(names[0], 80)!r} are not trained")


def _refuse(received: str) -> None:
    validation.fail(
        "Keras must be able to give a layer the penalties and bounds that its variables have.",
        received,
        _REMEDY,
    )
