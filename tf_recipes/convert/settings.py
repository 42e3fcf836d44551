"""Defines what a conversion can be told."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tf_recipes._support import validation
from tf_recipes.convert import own_model
from tf_recipes.graph.nodes import full


@dataclasses.dataclass(frozen=True)
class Settings:
    """Holds what a conversion can be told; `convert` documents each.

    All names are those of the graph, with or without `:0`.
    """

    inputs: Sequence[str] | None = None
    outputs: Sequence[str] | None = None
    labels: Sequence[str] | None = None
    feed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    eval_feed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    feeds: str | os.PathLike[str] | Mapping[str, Any] | None = None
    train_op: str | Sequence[str] | None = None
    loss: str | None = None
    inference: bool | None = None
    use_ema: bool = False
    keep_unknown: bool = False
    steps: int | None = None
    overwrite: bool = False
    model: own_model.Model | None = None
    variable_map: Mapping[str, str] | None = None
    unsafe: bool = False

    def __post_init__(self) -> None:
        if self.steps is not None:
            validation.whole("steps", self.steps, 0)
        if self.variable_map is not None and self.model is None:
            validation.fail(
                "A map must go with a model of your own.",
                "variable_map without model",
                "Pass model='port.py:build', or leave the map out.",
            )
        for field in ("inputs", "outputs", "labels"):
            value = getattr(self, field)
            names = [value] if isinstance(value, str) else list(value or ())
            if len({full(name) for name in names}) < len(names):
                validation.fail(
                    "A tensor must be named once.", f"{field}={names!r}", "Leave one out."
                )
            object.__setattr__(self, field, names or None)

    @property
    def must_train(self) -> bool:
        """Returns whether a model that does not train is none that was asked for."""
        return self.inference is False or bool(self.train_op or self.loss)
