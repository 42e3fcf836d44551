"""Tries the graph's clipping of gradients: by value, by each norm, by the global norm, or none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from tf_recipes.verify.bench.substitution import TRAINING, Case, Substitution, inner, rounded

_ARGUMENTS = {"value": "clipvalue", "norm": "clipnorm", "global_norm": "global_clipnorm"}


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields the clipping of the graph, or none where the graph has none."""
    if case.stage != TRAINING:
        return
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


def _setting(argument: str | None, threshold: float) -> Any:
    def change(model: keras.Model, _: Any) -> None:
        for name in _ARGUMENTS.values():
            setattr(inner(model.optimizer), name, threshold if name == argument else None)
        if getattr(model, "clip_value", None) is not None:
            model.clip_value = float("inf")

    return change
