"""Holds what a verification can be told, and checks it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tf_recipes._support import validation

INSTALLED, TF1 = "installed", "tf1"  # where TF1's graph runs
STARTS = 8  # starts one ulp away, over which TF1's own drift is taken


@dataclasses.dataclass(frozen=True)
class Settings:
    """Holds what a verification can be told; `verify` documents each.

    All names are those of the graph, with or without `:0`.
    """

    feed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    eval_feed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    train_op: str | Sequence[str] | None = None
    loss: str | None = None
    inputs: Sequence[str] | None = None
    labels: Sequence[str] | None = None
    outputs: Sequence[str] | None = None
    sample_weight: str | None = None
    variable_map: Mapping[str, str] | None = None
    steps: int = 20
    batch_size: int = 50
    seed: int = 0
    starts: int = STARTS
    reference: str = INSTALLED
    tf1_python: str | None = None
    explain: bool = True
    cache: bool | str | os.PathLike[str] = True
    unsafe: bool = False

    def check(self) -> None:
        """Checks the numbers of the settings.

        Raises:
            ValueError: for a number that is too small, and for an unknown reference.
        """
        validation.choice("reference", self.reference, (INSTALLED, TF1))
        for name, low in (("steps", 1), ("batch_size", 1), ("seed", 0), ("starts", 8)):
            validation.whole(name, getattr(self, name), low)
