"""Reads the arguments of one call of `fit` as Keras does."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import keras

from tf_recipes.fast_fit import arrays

_SIGNATURE = inspect.signature(keras.Model.fit)
_DEFAULT_BATCH_SIZE = 32  # of Keras
_NOT_DATA = ("self", "callbacks")
_HANDLED = (
    "self",
    "x",
    "y",
    "sample_weight",
    "class_weight",
    "callbacks",
    "validation_data",
    "validation_split",
    "batch_size",
    "validation_batch_size",
    "shuffle",
)


def bind(model: keras.Model | None, *args: Any, **kwargs: Any) -> "FitArguments":
    """Returns the `FitArguments` of `model.fit(*args, **kwargs)`.

    Raises:
        TypeError: for an argument that Keras' `fit` does not have.
    """
    call = _SIGNATURE.bind(model, *args, **kwargs)
    call.apply_defaults()
    return FitArguments(call.arguments)


class FitArguments:
    """Holds the arguments of one call of `fit`, in the form that the loop needs.

    Args:
        given: `{name: value}` of all parameters of Keras' `fit`.

    Attributes:
        arrays: `(x, y, sample_weight)` of the training rows, without the held-out rows.
        validation: the same for the validation rows, or None.
        batch_size, validation_batch_size: int.
        shuffle: bool.
        callbacks: as given.
        passed_on: `{name: value}` of the arguments that do not depend on the data.

    `arrays` and `validation` exist only if the loop supports the arguments.
    """

    arrays: tuple[Any, Any, Any]
    validation: tuple[Any, Any, Any] | None

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self.passed_on = {name: given[name] for name in given if name not in _HANDLED}
        self.shuffle = given["shuffle"]
        self.callbacks = given["callbacks"]
        self.batch_size = given["batch_size"] or _DEFAULT_BATCH_SIZE
        self.validation_batch_size = given["validation_batch_size"] or self.batch_size
        self._supported = self._has_no_special_case()
        if self._supported:
            self.arrays, self.validation = self._weighted(*self._split())

    def without_callbacks(self) -> dict[str, Any]:
        """Returns `{name: value}` of all arguments as given, but for the callbacks."""
        return {name: self._given[name] for name in self._given if name not in _NOT_DATA}

    @property
    def steps(self) -> int:
        """Returns the number of steps of one epoch."""
        return math.ceil(arrays.count(self.arrays) / self.batch_size)

    @property
    def validation_steps(self) -> int:
        """Returns the number of steps of one validation."""
        return math.ceil(arrays.count(self.validation) / self.validation_batch_size)

    def are_supported(self) -> bool:
        """Returns whether the loop supports these arguments."""
        return self._supported

    def _has_no_special_case(self) -> bool:
        given = self._given
        plain = (
            given["steps_per_epoch"] is None
            and given["validation_steps"] is None
            and isinstance(self.shuffle, bool)
            and _is_positive_int(self.batch_size)
            and _is_positive_int(self.validation_batch_size)
            and keras.config.max_epochs() is None
            and keras.config.max_steps_per_epoch() is None
        )
        return plain and self._data_are_arrays() and self._weights_are_plain()

    def _data_are_arrays(self) -> bool:
        given = self._given
        data = (given["x"], given["y"], given["sample_weight"])
        held_out = given["validation_data"]
        if given["x"] is None or not arrays.are_supported(data):
            return False
        if held_out is None:
            share = given["validation_split"]
            return not share or 0 < arrays.split_at(data, share) < arrays.count(data)
        return isinstance(held_out, tuple | list) and arrays.are_supported(
            keras.utils.unpack_x_y_sample_weight(held_out)
        )

    def _weights_are_plain(self) -> bool:
        given = self._given
        if given["class_weight"] is not None:
            one_output = not keras.tree.is_nested(given["y"]) and given["y"] is not None
            return one_output and given["sample_weight"] is None
        return not keras.tree.is_nested(given["y"])

    def _split(self) -> tuple[Any, Any]:
        given = self._given
        data = (given["x"], given["y"], given["sample_weight"])
        if given["validation_data"] is not None:
            return data, keras.utils.unpack_x_y_sample_weight(given["validation_data"])
        if not given["validation_split"]:
            return data, None
        return arrays.split(data, given["validation_split"])

    def _weighted(self, training: Any, held_out: Any) -> tuple[Any, Any]:
        """Turns `class_weight` into sample weights of the training rows."""
        if self._given["class_weight"] is None:
            return training, held_out
        x, y, _ = training
        return (x, y, arrays.class_weights(y, self._given["class_weight"])), held_out


def _is_positive_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
