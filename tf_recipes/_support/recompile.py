"""Compiles a model again with the arguments that it has, or with another learning rate."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from tf_recipes._support import validation, wrapped_optimizers


def checked_arguments(model: keras.Model, learning_rate: Any = None) -> dict[str, Any]:
    """Returns the arguments with which `model` was compiled, but with a new optimizer.

    The losses are the same objects as before. Optimizer and metrics are created again from their
    configuration.

    Args:
        model: a compiled `keras.Model`.
        learning_rate: float or schedule for the new optimizer. None keeps the rate.

    Raises:
        ValueError: for a model that is not compiled, or that cannot be compiled again.
    """
    config = model.get_compile_config() if model.compiled else None
    if config is None or not _accepts(model, config):
        validation.fail(
            "`model` must be compiled, with the arguments of keras.Model.compile.",
            f"model={model!r}",
            "Compile the model first. If its class has a compile() with other arguments, set the "
            "layers' `trainable` and call this compile() yourself.",
        )
    if learning_rate is not None:
        place = config["optimizer"]["config"]
        while "inner_optimizer" in place:  # of a loss scale, or of averages
            place = place["inner_optimizer"]["config"]
        place["learning_rate"] = keras.saving.serialize_keras_object(learning_rate)
    del config["loss"]
    try:
        with keras.saving.custom_object_scope(_optimizer_classes(model.optimizer)):
            arguments = keras.saving.deserialize_keras_object(config)
    except (TypeError, ValueError) as error:
        validation.fail(
            "Keras must be able to create the optimizer and the metrics of `model` again.",
            first_sentence(str(error)),
            "Decorate their classes with keras.saving.register_keras_serializable().",
        )
    return {**arguments, "loss": model.loss}


def _accepts(model: keras.Model, config: Mapping[str, Any]) -> bool:
    """Returns whether the model's `compile` takes these arguments, as `keras.Model.compile` does.

    A subclass may define a `compile` with other arguments.
    """
    try:
        inspect.signature(model.compile).bind(**config)
    except TypeError:
        return False
    return set(config) <= set(inspect.signature(keras.Model.compile).parameters)


def compile_again(model: keras.Model, arguments: Mapping[str, Any]) -> None:
    """Compiles `model` with the arguments that `checked_arguments` returned."""
    model.compile(**arguments)
    model.optimizer.build(model.trainable_variables)


def _optimizer_classes(optimizer: keras.optimizers.Optimizer) -> dict[str, type]:
    """Returns `{name: class}` of the optimizer and its inner ones, for a custom object scope.

    Inside the scope Keras finds these classes even if they are not registered.
    """
    optimizers = wrapped_optimizers.all_of(optimizer)
    return {type(each).__name__: type(each) for each in optimizers}


def first_sentence(text: str) -> str:
    """Returns the first sentence of `text` in one line, without the period at its end."""
    return " ".join(text.partition(". ")[0].split()).rstrip(".")
