"""The arguments of one call of `fit`, as Keras means them."""

import inspect
import math

import keras
import numpy as np

from tf_recipes.fast_fit import batches

_SIGNATURE = inspect.signature(keras.Model.fit)
_DEFAULT_BATCH_SIZE = 32  # Keras'
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


def bind(model, *args, **kwargs):
    """The `FitArguments` of `model.fit(*args, **kwargs)`.

    Raises:
        TypeError: for an argument that Keras' `fit` does not have.
    """
    call = _SIGNATURE.bind(model, *args, **kwargs)
    call.apply_defaults()
    return FitArguments(call.arguments)


class FitArguments:
    """What `fit` was asked for.

    Attributes:
        arrays: `(x, y, sample_weight)` to train on, without what is held out.
        validation: the same to validate on, or None.
        batch_size, validation_batch_size: int.
        shuffle: bool.
        passed_on: the arguments that mean the same whatever the data.
    """

    def __init__(self, given):
        self._given = given
        self.passed_on = {name: given[name] for name in given if name not in _HANDLED}
        self.shuffle = given["shuffle"]
        self.callbacks = given["callbacks"]
        self.batch_size = given["batch_size"] or _DEFAULT_BATCH_SIZE
        self.validation_batch_size = given["validation_batch_size"] or self.batch_size
        self._passable = self._has_no_special_case()
        if self._passable:
            self.arrays, self.validation = self._weighted(*self._split())

    @property
    def steps(self):
        """Of one epoch."""
        return math.ceil(batches.count(self.arrays) / self.batch_size)

    @property
    def validation_steps(self):
        """Of one validation."""
        return math.ceil(batches.count(self.validation) / self.validation_batch_size)

    def on_arrays(self):
        """Whether the loop can do it."""
        return self._passable

    def labels_are_classes(self, model):
        """Whether every label is a class that `model` has; what is no label is fine.

        XLA trains on any number where TensorFlow's kernel refuses it; so it does not get them.
        """
        if not _takes_labels(model.loss):
            return True
        labels = [data[1] for data in (self.arrays, self.validation) if data is not None]
        classes = model.output_shape[-1]
        return all(np.min(each) >= 0 and np.max(each) < classes for each in labels)

    def _has_no_special_case(self):
        given = self._given
        plain = (
            given["steps_per_epoch"] is None
            and given["validation_steps"] is None
            and isinstance(self.shuffle, bool)
            and _whole(self.batch_size)
            and _whole(self.validation_batch_size)
            and keras.config.max_epochs() is None
            and keras.config.max_steps_per_epoch() is None
        )
        return plain and self._is_arrays() and self._weights_are_plain()

    def _is_arrays(self):
        given = self._given
        data = (given["x"], given["y"], given["sample_weight"])
        held_out = given["validation_data"]
        if given["x"] is None or not batches.fit_for_loop(data):
            return False
        if held_out is None:
            share = given["validation_split"]
            return not share or 0 < batches.split_at(data, share) < batches.count(data)
        return isinstance(held_out, tuple | list) and batches.fit_for_loop(
            keras.utils.unpack_x_y_sample_weight(held_out)
        )

    def _weights_are_plain(self):
        given = self._given
        if given["class_weight"] is not None:
            one_output = not keras.tree.is_nested(given["y"]) and given["y"] is not None
            return one_output and given["sample_weight"] is None
        return not keras.tree.is_nested(given["y"])

    def _split(self):
        given = self._given
        data = (given["x"], given["y"], given["sample_weight"])
        if given["validation_data"] is not None:
            return data, keras.utils.unpack_x_y_sample_weight(given["validation_data"])
        if not given["validation_split"]:
            return data, None
        return batches.split(data, given["validation_split"])

    def _weighted(self, training, held_out):
        if self._given["class_weight"] is None:
            return training, held_out
        x, y, _ = training
        return (x, y, batches.class_weights(y, self._given["class_weight"])), held_out


def _takes_labels(loss):
    name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    return name == "sparse_categorical_crossentropy" and getattr(loss, "ignore_class", None) is None


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
