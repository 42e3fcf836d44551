"""Reuses the first layers of a trained model in a model for another task."""

import os
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import keras

from tf_recipes._support import recompile, saved_models, validation
from tf_recipes.blocks import _layer_names


def first_layers(
    model: keras.Model, count: int | None = None, last: str | None = None
) -> tuple[str, ...]:
    """Returns the names of the first layers of `model` that have weights or statistics.

    Every such layer counts as one: a `Dense` layer and the `BatchNormalization` after it are two;
    an activation or `Dropout` does not count. The order is that of `model.layers`. The layers of a
    nested model count one by one, as `nested/inner`. A nested model with weights outside its layers
    counts as one layer.

    TF1: `tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=...)`, which chose variables by a
    regular expression for their names.

    Args:
        model: a built `keras.Model`: functional, `Sequential` or subclassed.
        count: int >= 1, how many layers.
        last: instead of `count`, the name of the last layer to take, such as `"hidden2_BatchNorm"`.

    Returns:
        A tuple of names.

    Raises:
        ValueError: for a model that is not built, or that has no such layers.

    >>> inputs = keras.Input((4,))
    >>> outputs = keras.layers.Dense(3, use_bias=False, name="hidden1")(inputs)
    >>> outputs = keras.layers.BatchNormalization(name="hidden1_norm")(outputs)
    >>> outputs = keras.layers.ReLU(name="hidden1_relu")(outputs)
    >>> model = keras.Model(inputs, keras.layers.Dense(2, name="outputs")(outputs))
    >>> first_layers(model, count=2)
    ('hidden1', 'hidden1_norm')
    """
    names = tuple(_layer_names.layers_with_weights("model", model))
    if last is not None and count is None:
        return names[: 1 + names.index(_layer_names.check_name("last", last, names))]
    if count is not None and last is None:
        validation.whole("count", count, 1)
        if count > len(names):
            validation.fail(
                f"`count` must be at most the {len(names)} layers with weights of the model.",
                f"count={count!r}, layers: {_layer_names.joined(names)}",
                "Count a batch norm as a layer of its own; do not count an activation.",
            )
        return names[:count]
    return validation.fail(
        "Either `count` or `last` says how many layers.",
        f"count={count!r}, last={last!r}",
        "Pass one of the two, such as count=2.",
    )


def reuse_layers(
    source: keras.Model | str | os.PathLike[str],
    target: keras.Model,
    count: int | None = None,
    last: str | None = None,
    names: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Copies weights and statistics of the first layers of `target` from `source`.

    TF1: `tf.train.Saver({v.op.name: v for v in reuse_vars}).restore(sess, path)`, which also
    matched variables by name and shape. In TF1 `reuse_vars` had to come from `GLOBAL_VARIABLES`:
    batch norm's averages are not in `TRAINABLE_VARIABLES`, and without these averages the reused
    layers had a mean of 0 and a variance of 1. Here a layer's statistics are always copied with its
    weights.

    All checks come before the first copy. Each layer must have a layer of the same name and kind in
    `source`, whose weights have the same names, dtypes and shapes. Settings, such as an activation,
    stay those of the target.

    Args:
        source: a built `keras.Model`, or the path of a saved `.keras` file.
        target: a built `keras.Model`. To fill a nested model, pass the nested model.
        count, last: how many layers of `target`; see `first_layers`.
        names: `{name in target: name in source}` for layers that have another name in the source.

    Returns:
        A tuple of names: the layers of `target` that were filled, for `freeze_layers`.

    Raises:
        ValueError: if a layer is missing in `source` or differs there; the text names the layer
            and both shapes.
        OSError: if the file does not exist or is damaged.

    >>> def build(units):
    ...     hidden1 = keras.layers.Dense(3, name="hidden1")
    ...     outputs = keras.layers.Dense(units, name="outputs")
    ...     return keras.Sequential([keras.Input((4,)), hidden1, outputs])
    >>> reuse_layers(build(10), build(5), count=1)
    ('hidden1',)

    References:
        Yosinski, Clune, Bengio, Lipson, "How transferable are features in deep neural networks?",
        2014.
    """
    target_layers = _layer_names.layers_with_weights("target", target)
    reused = first_layers(target, count, last)
    names = names or {}
    validation.keys("names", names, reused)
    if isinstance(source, str | os.PathLike):
        source = saved_models.load(source)
    source_layers = _layer_names.layers_with_weights("source", source)
    source_names = {}
    for name in reused:
        source_name = _layer_names.check_name("source", names.get(name, name), source_layers)
        _layer_names.check_alike(name, target_layers[name], source_name, source_layers[source_name])
        source_names[name] = source_name
    # Read all values before the first write: source and target may be the same model.
    values = {name: source_layers[source_names[name]].get_weights() for name in reused}
    for name, value in values.items():
        target_layers[name].set_weights(value)
    return reused


def freeze_layers(model: keras.Model, names: str | Sequence[str] | AbstractSet[str]) -> None:
    """Makes layers not trainable, and compiles the model again if it was compiled.

    TF1: `optimizer.minimize(loss, var_list=the_others)`, which froze the weights alone. A frozen
    layer's `batch_norm` still normalised by the batch and, with `updates_collections=None`, still
    changed its averages, unless these layers were built with `is_training=False`; TF1 gave no
    warning. Here, as in Keras, a frozen batch norm normalises by its averages and does not change
    them. Dropout stays active in TF1 and here.

    The model gets a new optimizer of the same kind and arguments: its slots and its step start
    again.

    Args:
        model: a built `keras.Model`.
        names: names of layers or nested models, as `reuse_layers` returns them.

    Raises:
        ValueError: for a name that the model lacks, or a model that cannot be compiled again (see
            `unfreeze_layers`); raised before any change.

    >>> layers = keras.layers.Dense(3, name="hidden1"), keras.layers.Dense(2, name="outputs")
    >>> model = keras.Sequential([keras.Input((4,)), *layers])
    >>> freeze_layers(model, ["hidden1"])
    >>> [layer.trainable for layer in model.layers]
    [False, True]

    References:
        Yosinski, Clune, Bengio, Lipson, "How transferable are features in deep neural networks?",
        2014.
    """
    _layer_names.layers_with_weights("model", model)
    layers = dict(_layer_names.walk(model))
    names = _checked_names(names)
    frozen = [layers[_layer_names.check_name("names", name, layers)] for name in names]
    arguments = recompile.checked_arguments(model) if model.compiled else None
    for layer in frozen:
        _set_trainable(layer, False)
    if arguments is not None:
        recompile.compile_again(model, arguments)


def unfreeze_layers(
    model: keras.Model, learning_rate: float | keras.optimizers.schedules.LearningRateSchedule
) -> None:
    """Makes all layers trainable, and compiles the model again with another learning rate.

    On TensorFlow, Keras' own `model.trainable = True` leaves layers frozen that were frozen one by
    one.

    TF1: another optimizer with the lower rate, and its `minimize(loss)` without a `var_list`. This
    optimizer had slots of its own, which started at their initial values, as the new optimizer's
    slots do here.

    The loss, the metrics, the kind of the optimizer and its other arguments stay. The losses are
    the same objects; a custom metric must be registered with Keras. Settings that a method of the
    optimizer made, such as `exclude_from_weight_decay`, must be made again. To train only some of
    the layers, call `freeze_layers` on the other layers afterwards.

    Args:
        model: a built and compiled `keras.Model`.
        learning_rate: float > 0 or a schedule. It replaces the old rate; usual is a tenth of the
            old rate.

    Raises:
        ValueError: for a learning rate outside its range, or a model that is not compiled or cannot
            be compiled again; raised before any change.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="outputs")])
    >>> model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    >>> freeze_layers(model, ["outputs"])
    >>> unfreeze_layers(model, learning_rate=0.01)
    >>> round(float(model.optimizer.learning_rate), 4), model.optimizer.momentum
    (0.01, 0.9)

    References:
        Yosinski, Clune, Bengio, Lipson, "How transferable are features in deep neural networks?",
        2014.
    """
    if not isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        validation.number("learning_rate", learning_rate, 0, open_low=True)
        learning_rate = float(learning_rate)
    _layer_names.layers_with_weights("model", model)
    arguments = recompile.checked_arguments(model, learning_rate)
    _set_trainable(model, True)
    recompile.compile_again(model, arguments)


def _checked_names(names: Any) -> Any:
    """Checks that `names` is a name or several names; returns a collection of names."""
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list | tuple | set) or not all(isinstance(n, str) for n in names):
        validation.fail(
            "`names` must be a layer's name or a list of names.",
            f"names={names!r}",
            "Pass the names that reuse_layers returned.",
        )
    return names


def _set_trainable(layer: keras.layers.Layer, value: bool) -> None:
    """Sets `trainable` of a layer and of every layer inside it."""
    inner_layers = (
        [inner for _, inner in _layer_names.walk(layer)] if isinstance(layer, keras.Model) else []
    )
    for each in [layer, *inner_layers]:
        # On TensorFlow, Keras passes a value on to inner layers only where it changes the outer
        # layer: `model.trainable = True` on a model with a frozen layer does nothing. So set the
        # opposite value first.
        each.trainable = not value
        each.trainable = value
