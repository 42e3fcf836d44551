"""Tries the graph's clipping of gradients: by value, by each norm, by the global norm, or none.

The order counts, too: of what the penalties, or several parts of a batch, give to a gradient, the
clipping bounds what comes before it alone.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from tf_recipes.blocks.max_norm import clip_by_norm
from tf_recipes.verify.bench.substitution import TRAINING, Case, Substitution, inner, rounded
from tf_recipes.verify.bench.variable_map import Map

_ARGUMENTS = {"value": "clipvalue", "norm": "clipnorm", "global_norm": "global_clipnorm"}
# the code that clips before a penalty's gradient is added
_CODE = """class LatePenalty({base}):  # without clipping arguments
    def apply(self, grads, trainable_variables=None):
{before}        grads = [
            {clip} + ({scale} * w if w.path.endswith("kernel") else 0)
            for g, w in zip(grads, trainable_variables)
        ]
        super().apply(grads, trainable_variables)"""
_NORM = "        norm = keras.ops.sqrt(sum(keras.ops.sum(g * g) for g in grads))\n"
_CLIPS = {
    "value": {"before": "", "clip": "keras.ops.clip(g, -{c}, {c})"},
    "norm": {"before": "", "clip": "tf_recipes.clip_by_norm(g, {c})"},
    "global_norm": {"before": _NORM, "clip": "g * ({c} / keras.ops.maximum(norm, {c}))"},
}


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields the clipping of the graph, or none where the graph has none; then another order."""
    if case.stage == TRAINING:
        yield from _kinds(case)
        yield from _orders(case)


def _kinds(case: Case) -> Iterator[Substitution]:
    """Yields another kind of clipping, or another threshold."""
    facts = case.facts.clipping
    optimizer = inner(case.model.optimizer)
    now = {n: getattr(optimizer, n, None) for n in _ARGUMENTS.values()}
    has = {name: value for name, value in now.items() if value is not None}
    own = getattr(case.model, "clip_value", None)
    if facts is None:
        if not has and own is None:
            return
        name, value = next(iter({**has, "clip_value": own}.items()))
        text = f"leave out the clipping {name}={value}: TF1 applies the gradients as they are"
        yield Substitution("clipping", text, f"without {name}", _setting(None, 0.0), "optimizer")
        return
    argument, threshold = _ARGUMENTS[facts.kind], rounded(facts.threshold)
    if has == {argument: threshold} and own is None:
        return
    code = f"{argument}={threshold}"
    before = ", ".join(f"{name}={value}" for name, value in has.items()) or "none"
    text = f"clip the gradients as TF1 does, with `{code}` of the optimizer; the port has {before}"
    yield Substitution("clipping", text, code, _setting(argument, threshold), "optimizer")


def _orders(case: Case) -> Iterator[Substitution]:
    """Yields the clipping of the whole gradient, or that before the penalty's gradient is added."""
    facts = case.facts.clipping
    if facts is None:
        return
    argument, threshold = _ARGUMENTS[facts.kind], rounded(facts.threshold)
    setting = _setting(argument, threshold)
    late = case.facts.late_penalties
    if late:
        scale = rounded(next(iter(late.values())))
        base = type(inner(case.model.optimizer)).__name__
        code = _CODE.format(
            base=base,
            scale=scale,
            **{k: v.format(c=threshold) for k, v in _CLIPS[facts.kind].items()},
        )
        names = ", ".join(sorted(late)[:4])
        text = (
            f"clip the gradients before the penalty's are added, as TF1 does: an optimizer clips, "
            f"and adds {scale} * w for {names}; leave out the kernel_regularizer, whose gradient "
            "Keras clips, too"
        )
        yield Substitution(
            "clipping_order", text, code, _later(late, facts.kind, threshold), "optimizer"
        )
    elif _own_step(case.model):
        text = (
            f"clip the gradient of the whole loss, as TF1 does, with `{argument}={threshold}` of "
            "the optimizer; leave out the model's own train_step, which clips before the penalties "
            "or the mean of several gradients, or after them"
        )
        code = f"{argument}={threshold}"
        yield Substitution("clipping_order", text, code, _without_own_step(setting), "optimizer")


def _own_step(model: keras.Model) -> bool:
    """Returns whether a model trains by code of the user's."""
    module = type(model).train_step.__module__
    return module.partition(".")[0] not in ("keras", "tf_recipes")


def _later(scales: Mapping[str, float], kind: str, threshold: float) -> Any:
    def change(model: keras.Model, found: Map) -> None:
        _setting(None, 0.0)(model, found)
        joined = found.keras_of()
        of = {joined[name].path: scale for name, scale in scales.items() if name in joined}
        for variable in model.trainable_variables:
            variable.regularizer = None
        optimizer = inner(model.optimizer)
        before = optimizer.apply

        def apply(grads: Any, trainable_variables: Any = None) -> None:
            clipped = _clipped(kind, list(grads), threshold)
            given = list(trainable_variables)
            whole = [g + of.get(w.path, 0.0) * w for g, w in zip(clipped, given, strict=True)]
            before(whole, given)

        optimizer.apply = apply

    return change


def _clipped(kind: str, grads: list[Any], threshold: float) -> list[Any]:
    if kind == "value":
        return [keras.ops.clip(g, -threshold, threshold) for g in grads]
    if kind == "norm":
        return [clip_by_norm(g, threshold) for g in grads]
    norm = keras.ops.sqrt(sum(keras.ops.sum(g * g) for g in grads))
    return [g * (threshold / keras.ops.maximum(norm, threshold)) for g in grads]


def _without_own_step(setting: Any) -> Any:
    def change(model: keras.Model, found: Map) -> None:
        setting(model, found)
        model.train_step = types.MethodType(keras.Model.train_step, model)

    return change


def _setting(argument: str | None, threshold: float) -> Any:
    def change(model: keras.Model, _: Any) -> None:
        for name in _ARGUMENTS.values():
            setattr(inner(model.optimizer), name, threshold if name == argument else None)
        if getattr(model, "clip_value", None) is not None:
            model.clip_value = float("inf")

    return change
