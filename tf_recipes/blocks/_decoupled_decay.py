"""Defines contrib's decoupled weight decay, which extends an optimizer."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import validation
from tf_recipes.blocks._tf1_optimizer import TF1Optimizer


class DecoupledDecay(TF1Optimizer):
    """Removes the share `weight_decay` of each weight before the step of the optimizer it extends.

    TF1: `tf.contrib.opt.DecoupledWeightDecayExtension`. A subclass sets `decay_paths`: the paths of
    the variables that decay; an empty tuple stands for all.
    """

    decay_paths: Sequence[str] = ()

    @staticmethod
    def checked_paths(variables: Iterable[Any] | None) -> tuple[str, ...]:
        """Returns the paths of variables, or the paths themselves."""
        paths = tuple(getattr(each, "path", each) for each in variables or ())
        if isinstance(variables, str) or not all(isinstance(path, str) for path in paths):
            validation.fail(
                "`decay_var_list` must hold variables of Keras, or their paths.",
                f"decay_var_list={variables!r}",
                "Pass a list such as [layer.kernel].",
            )
        return paths

    def build(self, variables: Sequence[keras.Variable]) -> None:
        if not self.built:
            paths = [getattr(variable, "path", None) for variable in variables]
            if self.decay_paths and not set(paths) & set(self.decay_paths):
                validation.fail(
                    "`decay_var_list` must hold a variable that is trained.",
                    f"decay_var_list={list(self.decay_paths)!r}, trained: {paths!r}",
                    "Pass variables of this model, or leave decay_var_list out.",
                )
            self._decays = [not self.decay_paths or path in self.decay_paths for path in paths]
        super().build(variables)

    def decayed(self, w: Any, variable: keras.Variable) -> Any:
        excluded = not self._use_weight_decay(variable)  # by Keras' `exclude_from_weight_decay`
        if excluded or not self._decays[self._get_variable_index(variable)]:
            return w
        # TF1 multiplied the variable by Python's number: the decay has the variable's dtype.
        # w <- w - weight_decay w
        return w - ops.cast(np.float64(self.weight_decay), w.dtype) * w

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        """Does nothing; Keras would decay by the learning rate times `weight_decay`."""

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "decay_var_list": list(self.decay_paths) or None}
