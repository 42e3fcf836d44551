"""Compiles a model again as it was, perhaps with another learning rate."""

import inspect

import keras

from tf_recipes._support import validation


def checked_arguments(model, learning_rate=None):
    """What `model.compile` was given, with a new optimizer, and perhaps another rate.

    The losses are the very objects that the model has; optimizer and metrics are made anew from
    their configuration.

    Raises:
        ValueError: for a model that is not compiled, or that cannot be compiled again.
    """
    config = model.get_compile_config() if model.compiled else None
    if config is None or not _takes(model, config):
        validation.fail(
            "`model` must be compiled, with the arguments of keras.Model.compile.",
            f"model={model!r}",
            "Compile it first. A compile() with arguments of its own must be called by hand.",
        )
    if learning_rate is not None:
        place = config["optimizer"]["config"]
        while "inner_optimizer" in place:  # a loss scale's
            place = place["inner_optimizer"]["config"]
        place["learning_rate"] = keras.saving.serialize_keras_object(learning_rate)
    del config["loss"]
    try:
        with keras.saving.custom_object_scope(_own_optimizers(model.optimizer)):
            made = keras.saving.deserialize_keras_object(config)
    except (TypeError, ValueError) as error:
        validation.fail(
            "Optimizer and metrics of `model` must be known to Keras, to be made again.",
            first_sentence(str(error)),
            "Decorate them with keras.saving.register_keras_serializable().",
        )
    return {**made, "loss": model.loss}


def _takes(model, config):
    """Whether the model's `compile` takes these arguments: one of its own may take others."""
    try:
        inspect.signature(model.compile).bind(**config)
    except TypeError:
        return False
    return set(config) <= set(inspect.signature(keras.Model.compile).parameters)


def again(model, arguments):
    """Compiles `model` with what `checked_arguments` returned."""
    model.compile(**arguments)
    model.optimizer.build(model.trainable_variables)


def _own_optimizers(optimizer):
    """Inside this scope Keras finds the model's own optimizer, registered or not."""
    found = [optimizer]
    while hasattr(found[-1], "inner_optimizer"):
        found.append(found[-1].inner_optimizer)
    return {type(each).__name__: type(each) for each in found}


def first_sentence(text):
    """The first of `text`, in one line and without its stop."""
    return " ".join(text.partition(". ")[0].split()).rstrip(".")
