"""Compiles a model again as it was, perhaps with another learning rate."""

import copy

import keras

from tf_recipes import validation


def checked_config(model, learning_rate=None):
    """What `model` was compiled with, and perhaps another rate; seen to be restorable."""
    own_compile = type(model).compile is not keras.Model.compile
    restores = type(model).compile_from_config is not keras.Model.compile_from_config
    config = model.get_compile_config() if model.compiled else None
    if config is None or (own_compile and not restores):
        validation.fail(
            "`model` must be compiled, and able to compile itself again from its configuration.",
            f"model={model!r}",
            "Compile it first; a compile() of its own needs a compile_from_config(), too.",
        )
    if learning_rate is not None:
        place = config["optimizer"]["config"]
        while "inner_optimizer" in place:  # a loss scale's
            place = place["inner_optimizer"]["config"]
        place["learning_rate"] = keras.saving.serialize_keras_object(learning_rate)
    try:
        with _own_objects(model):
            keras.saving.deserialize_keras_object(copy.deepcopy(config))  # some consume it
    except (TypeError, ValueError) as error:
        validation.fail(
            "What `model` was compiled with must be known to Keras, to be compiled again.",
            first_sentence(str(error)),
            "Decorate it with keras.saving.register_keras_serializable().",
        )
    return config


def again(model, config):
    """Compiles `model` from what `checked_config` returned; its optimizer is a new one."""
    with _own_objects(model):
        model.compile_from_config(config)


def _own_objects(model):
    """Inside, Keras finds the model's own losses and optimizer, registered or not."""
    given = [model.optimizer, *keras.tree.flatten(model.loss)]
    found = [each if hasattr(each, "__name__") else type(each) for each in given]
    return keras.saving.custom_object_scope({each.__name__: each for each in found})


def first_sentence(text):
    """The first of `text`, in one line and without its stop."""
    return " ".join(text.partition(". ")[0].split()).rstrip(".")
