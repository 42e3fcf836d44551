"""Joins the weights of TF1's recurrent cells to those of Keras' recurrent layers.

TF1 keeps one matrix for the inputs and the state together; Keras keeps two. The gates come in
another order: an LSTM has (i, c, f, o) in TF1 and (i, f, c, o) in Keras, a GRU (r, z) and (z, r).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes.graph.roles import BIAS, TF1Variable

# TF1's order of the gates, in places of Keras' order
_LSTM = (0, 2, 1, 3)


@dataclasses.dataclass(frozen=True)
class Cell:
    """Joins a TF1 cell to a Keras layer.

    `kind` is "simple", "lstm" or "gru". `tf1` are TF1's variables: `kernel`, `bias`, and for a GRU
    `gates_kernel`, `gates_bias`, `candidate_kernel`, `candidate_bias`. `weights` are `kernel`,
    `recurrent_kernel` and `bias`. `forget_bias` is what TF1 adds to an LSTM's forget gate.
    `direction` is "fw" or "bw" where both sides say that the cell is part of a bidirectional one.
    """

    kind: str
    layer: str
    tf1: Mapping[str, TF1Variable]
    weights: Mapping[str, keras.Variable]
    forget_bias: float = 1.0
    direction: str = ""

    @property
    def tf1_names(self) -> set[str]:
        """Returns the names of TF1's variables."""
        return {each.name for each in self.tf1.values()}

    @property
    def keras_variables(self) -> list[keras.Variable]:
        """Returns the variables of the Keras layer."""
        return list(self.weights.values())

    def assign(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Sets the Keras variables to TF1's values."""
        given = {part: values[each.name] for part, each in self.tf1.items()}
        units = self.weights["recurrent_kernel"].shape[0]
        if self.kind == "gru":
            kernel = np.concatenate(
                [_swapped(given["gates_kernel"], units), given["candidate_kernel"]], axis=1
            )
            bias = np.concatenate(
                [_swapped(given["gates_bias"], units), given["candidate_bias"]], axis=0
            )
        else:
            kernel, bias = given["kernel"], given["bias"]
            if self.kind == "lstm":
                kernel, bias = _ordered(kernel, units), _ordered(bias, units)
                bias[units : 2 * units] += np.asarray(self.forget_bias, bias.dtype)
        inputs = kernel.shape[0] - units
        self.weights["kernel"].assign(kernel[:inputs])
        self.weights["recurrent_kernel"].assign(kernel[inputs:])
        self.weights["bias"].assign(bias)

    def values(self) -> dict[str, NDArray[Any]]:
        """Returns `{TF1's name: value}` of the Keras variables in TF1's form."""
        got = {n: np.copy(keras.ops.convert_to_numpy(v)) for n, v in self.weights.items()}
        kernel = np.concatenate([got["kernel"], got["recurrent_kernel"]], axis=0)
        bias, units = got["bias"], self.weights["recurrent_kernel"].shape[0]
        if self.kind == "gru":
            found = {
                "gates_kernel": _swapped(kernel[:, : 2 * units], units),
                "candidate_kernel": kernel[:, 2 * units :],
                "gates_bias": _swapped(bias[: 2 * units], units),
                "candidate_bias": bias[2 * units :],
            }
        else:
            if self.kind == "lstm":
                bias[units : 2 * units] -= np.asarray(self.forget_bias, bias.dtype)
                kernel, bias = _ordered(kernel, units), _ordered(bias, units)
            found = {"kernel": kernel, "bias": bias}
        return {self.tf1[part].name: v for part, v in found.items() if part in self.tf1}


def find(
    tf1: Sequence[TF1Variable],
    weights: Sequence[keras.Variable],
    model: keras.Model,
    forget_biases: Mapping[str, float],
) -> Iterator[Cell]:
    """Yields the cells, joined in their order where their shapes fit.

    Args:
        tf1: TF1's variables that are not joined yet.
        weights: the Keras variables that are not joined yet.
        model: the model, whose layers tell which kind of cell a layer has.
        forget_biases: `{kernel of an LSTM cell: what TF1 adds to the forget gate}`.
    """
    there = {id(each) for each in weights}
    cells, directions = list(_cells(tf1)), _directions(model)
    for layer in _recurrent_layers(model):
        parts = _parts(layer, there)
        if parts is None:
            continue
        inputs, units = parts["kernel"].shape[0], parts["recurrent_kernel"].shape[0]
        own = directions.get(id(layer), "")
        for kind, group in sorted(cells, key=lambda each: _direction(each[1]) != own):
            main = group.get("kernel") or group["gates_kernel"]
            gates = {"simple": 1, "lstm": 4, "gru": 2}[kind]
            if kind == _kind(layer) and main.shape == (inputs + units, gates * units):
                if kind == "gru" and len(parts["bias"].shape) != 1:
                    continue  # `reset_after=True` has two biases, and another formula
                cells.remove((kind, group))
                bias = forget_biases.get(main.name, 1.0)
                both = own if own == _direction(group) else ""
                yield Cell(kind, layer.name, group, parts, bias, both)
                break


def _directions(model: keras.Model) -> dict[int, str]:
    """Returns the direction of each layer inside a bidirectional one, by its id."""
    found: dict[int, str] = {}
    for each in layers_in(model):
        if isinstance(each, keras.layers.Bidirectional):
            found |= {id(each.forward_layer): "fw", id(each.backward_layer): "bw"}
    return found


def _direction(group: Mapping[str, TF1Variable]) -> str:
    """Returns the direction that TF1's names give a cell, such as in `bidirectional_rnn/fw/`."""
    parts = next(iter(group.values())).name.split("/")
    return next((part for part in reversed(parts) if part in ("fw", "bw")), "")


def _cells(tf1: Sequence[TF1Variable]) -> Iterator[tuple[str, dict[str, TF1Variable]]]:
    """Yields the kind and the variables of each TF1 cell, told by the names that TF1 gives."""
    by_scope: dict[str, dict[str, TF1Variable]] = {}
    for each in tf1:
        by_scope.setdefault(each.scope, {})["bias" if each.role == BIAS else "kernel"] = each
    for scope, group in by_scope.items():
        last = scope.rpartition("/")[2]
        if group.keys() != {"kernel", "bias"}:
            continue
        if last.startswith(("basic_lstm_cell", "lstm_cell", "coupled_input")):
            yield "lstm", group
        elif last.startswith("basic_rnn_cell"):
            yield "simple", group
        elif last == "gates" and (other := by_scope.get(f"{scope[: -len('gates')]}candidate")):
            yield (
                "gru",
                {
                    "gates_kernel": group["kernel"],
                    "gates_bias": group["bias"],
                    "candidate_kernel": other["kernel"],
                    "candidate_bias": other["bias"],
                },
            )


def _recurrent_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in layers_in(model):
        if _kind(layer):
            yield layer


def layers_in(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Yields all layers inside a layer, each once, in their order."""
    seen: set[int] = set()
    waiting = list(getattr(layer, "layers", []))
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = list(getattr(each, "layers", []))
        for name in ("layer", "forward_layer", "backward_layer"):
            if isinstance(getattr(each, name, None), keras.layers.Layer):
                inner.append(getattr(each, name))
        waiting = inner + waiting


def _kind(layer: keras.layers.Layer) -> str:
    kinds = {
        keras.layers.SimpleRNN: "simple",
        keras.layers.LSTM: "lstm",
        keras.layers.GRU: "gru",
        keras.layers.SimpleRNNCell: "simple",
        keras.layers.LSTMCell: "lstm",
        keras.layers.GRUCell: "gru",
    }
    return next((kind for cls, kind in kinds.items() if isinstance(layer, cls)), "")


def _parts(layer: keras.layers.Layer, there: set[int]) -> dict[str, keras.Variable] | None:
    """Returns the layer's variables by the last parts of their paths, or None if some is gone."""
    parts = {each.path.rpartition("/")[2]: each for each in layer.weights}
    whole = {"kernel", "recurrent_kernel", "bias"} <= parts.keys()
    return parts if whole and all(id(each) in there for each in parts.values()) else None


def _ordered(value: NDArray[Any], units: int) -> NDArray[Any]:
    """Returns an LSTM's gates in the other order, along the last axis; twice changes nothing."""
    return np.concatenate([value[..., k * units : (k + 1) * units] for k in _LSTM], axis=-1)


def _swapped(value: NDArray[Any], units: int) -> NDArray[Any]:
    """Returns a GRU's two gates in the other order, along the last axis."""
    return np.concatenate([value[..., units : 2 * units], value[..., :units]], axis=-1)
