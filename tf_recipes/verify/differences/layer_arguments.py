"""Tries other arguments of layers: padding, biases, reset gates, the parts of batch norm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from tf_recipes.graph.roles import BETA, BIAS, GAMMA
from tf_recipes.verify.bench.substitution import (
    FORWARD,
    MAP,
    Case,
    Substitution,
    by_place,
    remade,
)


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields paddings for the first layer that differs, and what makes the variables equal."""
    if case.stage == FORWARD:
        yield from _paddings(case)
    if case.stage in (MAP, FORWARD):
        yield from _biases(case)
        yield from _reset_gates(case)
        yield from _centers(case)


def _paddings(case: Case) -> Iterator[Substitution]:
    for layer in case.layers(keras.layers.Layer):
        padding = getattr(layer, "padding", None)
        if padding not in ("same", "valid"):
            continue
        other = "same" if padding == "valid" else "valid"

        def change(model: keras.Model, _: Any, layer: Any = layer, other: str = other) -> None:
            by_place(model, case.model, layer).padding = other

        text = f"give layer {layer.name!r} the padding {other!r}; it has {padding!r}"
        yield Substitution("padding", text, f'padding="{other}"', change, layer.name)

    pads = case.layers(keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D)
    if pads:
        convolutions = [e for e in case.layers(keras.layers.Layer) if hasattr(e, "strides")]

        def unpad(model: keras.Model, _: Any) -> None:
            for pad in pads:
                object.__setattr__(by_place(model, case.model, pad), "call", lambda inputs: inputs)
            for each in convolutions:
                by_place(model, case.model, each).padding = "same"

        text = (
            f"replace {', '.join(repr(pad.name) for pad in pads)} by padding='same': TF1 pads more "
            "at the end where the sizes are odd"
        )
        yield Substitution("padding", text, 'padding="same"', unpad, pads[0].name)


def _biases(case: Case) -> Iterator[Substitution]:
    """Yields a bias for each layer whose kernel has one in TF1 alone, and the other way round."""
    theirs = {each.kernel for each in case.result.found.left_tf1 if each.role == BIAS}
    left = {id(each) for each in case.result.found.left_keras}
    wanted: dict[str, bool] = {}
    for layer in case.layers(keras.layers.Layer):
        if not hasattr(layer, "use_bias") or not hasattr(layer, "kernel"):
            continue
        if not layer.use_bias and case.kernel_of(layer) in theirs:
            wanted[layer.name] = True
        if layer.use_bias and id(getattr(layer, "bias", None)) in left:
            wanted[layer.name] = False
    if not wanted:
        return

    def change(model: keras.Model, _: Any) -> keras.Model:
        return remade(case, model, {n: {"use_bias": on} for n, on in wanted.items()})

    adds = any(wanted.values())
    names = ", ".join(repr(name) for name in wanted)
    if adds:
        text = f"give {names} a bias, which TF1 has there"
    else:
        text = f"drop the bias of {names}: contrib drops it where a normalizer_fn follows"
    name = "missing_bias" if adds else "dropped_bias"
    yield Substitution(name, text, f"use_bias={adds}", change, next(iter(wanted)), True)


def _reset_gates(case: Case) -> Iterator[Substitution]:
    for layer in case.layers(keras.layers.GRU, keras.layers.GRUCell):
        if not layer.reset_after:
            continue

        def change(model: keras.Model, _: Any, name: str = layer.name) -> keras.Model:
            return remade(case, model, {name: {"reset_after": False}})

        text = (
            f"give layer {layer.name!r} reset_after=False: TF1's GRUCell applies the reset gate "
            "before the product with the state"
        )
        yield Substitution("gru_reset", text, "reset_after=False", change, layer.name, True)


def _centers(case: Case) -> Iterator[Substitution]:
    """Yields batch norms with the scale and the center that the graph has."""
    theirs = {each.role for each in case.result.found.left_tf1 if each.needed}
    left = {id(each) for each in case.result.found.left_keras}
    changes: dict[str, dict[str, bool]] = {}
    for layer in case.layers(keras.layers.BatchNormalization):
        flags = {}
        for flag, role, weight in (("scale", GAMMA, "gamma"), ("center", BETA, "beta")):
            if getattr(layer, flag) and id(getattr(layer, weight)) in left:
                flags[flag] = False
            elif not getattr(layer, flag) and role in theirs:
                flags[flag] = True
        if flags:
            changes[layer.name] = flags
    if changes:
        flags = next(iter(changes.values()))
        code = ", ".join(f"{flag}={value}" for flag, value in flags.items())
        names = ", ".join(repr(name) for name in changes)

        def change(model: keras.Model, _: Any) -> keras.Model:
            return remade(case, model, changes)

        text = f"give {names} {code}, as in TF1"
        yield Substitution("batch_norm_scale", text, code, change, next(iter(changes)), True)
