"""Holds what was judged of one model beside a TF1 graph."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras

from tf_recipes.verify.bench.attempt import Bench, LayerResult, OutputResult, Training
from tf_recipes.verify.bench.keras_model import ModelSource
from tf_recipes.verify.bench.variable_map import Map


@dataclasses.dataclass(frozen=True)
class Result:
    """Holds what was judged of one model."""

    source: ModelSource
    kind: str
    path: str
    bench: Bench
    settings: Any
    model: keras.Model
    found: Map
    outputs: Sequence[OutputResult]
    layers: Sequence[LayerResult]
    training: Training | None

    @property
    def predicts(self) -> bool:
        """Returns whether the forward pass matches."""
        return bool(self.outputs) and all(each.judged.passed for each in self.outputs)

    @property
    def guessed(self) -> bool:
        """Returns whether the port differs with a map that may not be the right one."""
        return self.found.guessed and self.found.complete and not self.passed

    @property
    def judged(self) -> bool:
        """Returns whether TF1's own drift lets something be judged of the training."""
        if self.training is None:
            return not self.predicts or not self.found.complete
        return self.training.differs or (self.training.steps > 0 and not self.unseen)

    @property
    def passed(self) -> bool:
        """Returns whether the map is complete, and prediction and training match."""
        return self.agrees and self.judged

    @property
    def unseen(self) -> bool:
        """Returns whether the port agrees in all, but so would one that trains nothing."""
        trained = self.training is not None and self.training.steps > 0
        return self.agrees and trained and not (self.training and self.training.seen)

    @property
    def agrees(self) -> bool:
        """Returns whether nothing that was compared differs, be it much or little."""
        training = self.training
        if training is None or not self.predicts or not self.found.complete:
            return False
        return not training.differs

    @property
    def worst(self) -> float:
        """Returns the largest ratio of the stage that failed first."""
        if not self.predicts:
            return max((each.judged.worst for each in self.outputs), default=math.inf)
        if self.training is None:
            return math.inf
        arrays = [*self.training.judged, *(each.judged for each in self.training.after)]
        return max((each.worst for each in arrays), default=math.inf)
