"""Tries the other meaning of dropout's number: TF1 has the share to keep, Keras the one to drop."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import keras

from tf_recipes.blocks.dropout import Dropout
from tf_recipes.verify.bench.substitution import TRAINING, Case, Substitution, by_place, rounded


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields 1 - rate for every dropout layer, and the rate that the recorded masks have."""
    layers = case.layers(keras.layers.Dropout, Dropout)
    if case.stage != TRAINING or not layers:
        return
    for layer in layers[:1]:
        keep = layer.keep_prob if isinstance(layer, Dropout) else 1 - layer.rate
        other = rounded(1 - keep)
        word = "keep_prob" if isinstance(layer, Dropout) else "rate"
        now = other if word == "keep_prob" else rounded(keep)
        text = (
            f"give the dropout layers {word}={now}: TF1's keep_prob is the share to keep, and "
            "Keras' rate is the share to drop"
        )
        yield Substitution("dropout_rate", text, f"{word}={now}", _turned(case, layers), layer.name)
    own = [
        each for each in layers if type(each).call not in (keras.layers.Dropout.call, Dropout.call)
    ]
    if own:
        text = (
            f"let {', '.join(repr(each.name) for each in own)} divide what is kept by the share to "
            "keep, as tf.nn.dropout does"
        )
        code = "tf_recipes.Dropout(keep_prob)"
        yield Substitution("dropout_scaling", text, code, _scaled(case, own), own[0].name)
    for keep in _kept(case):
        code = f"keras.layers.Dropout({rounded(1 - keep)})"
        text = f"give the dropout layers `{code}`; TF1 kept {keep:.3g} of the units"
        yield Substitution("dropout_rate", text, code, _given(case, layers, keep), layers[0].name)


def _kept(case: Case) -> list[float]:
    """Returns the values of scalar feeds that may be the share to keep."""
    values = []
    for name, value in case.result.bench.feeds.training.items():
        number = (
            float(value) if getattr(value, "dtype", None) is not None and value.ndim == 0 else 0
        )
        if 0 < number < 1 and name not in case.result.bench.feeds.pool:
            values.append(rounded(number))
    return sorted(set(values))


def _scaled(case: Case, layers: list[Any]) -> Any:
    def change(model: keras.Model, _: Any) -> None:
        for original in layers:
            layer = by_place(model, case.model, original)
            kind = Dropout if isinstance(layer, Dropout) else keras.layers.Dropout
            object.__setattr__(layer, "call", functools.partial(kind.call, layer))

    return change


def _turned(case: Case, layers: list[Any]) -> Any:
    def change(model: keras.Model, _: Any) -> None:
        for original in layers:
            layer = by_place(model, case.model, original)
            if isinstance(layer, Dropout):
                layer.keep_prob = 1 - layer.keep_prob
            else:
                layer.rate = 1 - layer.rate

    return change


def _given(case: Case, layers: list[Any], keep: float) -> Any:
    def change(model: keras.Model, _: Any) -> None:
        for original in layers:
            layer = by_place(model, case.model, original)
            if isinstance(layer, Dropout):
                layer.keep_prob = keep
            else:
                layer.rate = 1 - keep

    return change
