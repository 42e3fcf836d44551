"""Transfer: the first layers of a trained model, reused in a model for another task."""

import os

import keras

from tf_recipes._support import recompile, saved_models, validation
from tf_recipes.blocks import _layer_names


def first_layers(model, count=None, last=None):
    """Names of the first layers of `model` that have weights or statistics.

    Every such layer counts as one: a `Dense` layer and the `BatchNormalization` after it are two,
    an activation or `Dropout` is none. The order is that of `model.layers`. The layers of a nested
    model count by themselves, as `nested/inner`; one that holds weights outside its layers is one.

    Args:
        model: a built `keras.Model`: functional, `Sequential` or subclassed.
        count: int >= 1, how many layers.
        last: in place of `count`, the name of the last of them, such as `"hidden2_BatchNorm"`.

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
    names = tuple(_layer_names.with_weights("model", model))
    if (count is None) == (last is None):
        validation.fail(
            "Either `count` or `last` says how many layers.",
            f"count={count!r}, last={last!r}",
            "Give one of the two.",
        )
    if count is None:
        return names[: 1 + names.index(_layer_names.known("last", last, names))]
    validation.whole("count", count, 1)
    if count > len(names):
        validation.fail(
            f"`count` must be at most the {len(names)} layers with weights that the model has.",
            f"count={count!r}, layers: {_layer_names.listed(names)}",
            "Count a batch norm as a layer of its own, an activation as none.",
        )
    return names[:count]


def reuse_layers(source, target, count=None, last=None, names=None):
    """Copies weights and statistics of the first layers of `target` from `source`.

    TF1: `tf.train.Saver({v.op.name: v for v in reuse_vars}).restore(sess, path)`, which matched
    variables by name and shape, too. There `reuse_vars` had to come from `GLOBAL_VARIABLES`: batch
    norm's averages are not in `TRAINABLE_VARIABLES`, and without them the reused layers had a mean
    of 0 and a variance of 1. Here a layer's statistics always come with it.

    All is checked before anything is copied: each layer must have a namesake of the same kind,
    whose weights have the same names, dtypes and shapes. Settings, such as an activation, are the
    target's own.

    Args:
        source: a built `keras.Model`, or the path of a saved `.keras` file.
        target: a built `keras.Model`. To fill a model nested in another, hand over the nested one.
        count, last: how many layers of `target`; see `first_layers`.
        names: `{name in target: name in source}` for layers that have another name there.

    Returns:
        A tuple of names: the layers of `target` that were filled, for `freeze_layers`.

    Raises:
        ValueError: if a layer is missing in `source` or differs there; the text names the layer
            and both shapes.
        OSError: if there is no such file, or it is damaged.

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
    here, reused = _layer_names.with_weights("target", target), first_layers(target, count, last)
    names = names or {}
    validation.keys("names", names, reused)
    if isinstance(source, str | os.PathLike):
        source = saved_models.load(source)
    there = _layer_names.with_weights("source", source)
    for name in reused:
        theirs = _layer_names.known("source", names.get(name, name), there)
        _layer_names.check_alike(name, here[name], theirs, there[theirs])
    values = [there[names.get(name, name)].get_weights() for name in reused]
    for name, value in zip(reused, values, strict=True):
        here[name].set_weights(value)
    return reused


def freeze_layers(model, names):
    """Keeps layers from training, and compiles the model again if it was compiled.

    TF1: `optimizer.minimize(loss, var_list=the_others)`, which froze the weights alone. A frozen
    layer's `batch_norm` still normalised with the batch and, with `updates_collections=None`, still
    moved its averages, unless those layers were built with `is_training=False`; nothing said so.
    Here, as Keras has it, it normalises with its averages and leaves them alone. Dropout stays at
    work on both sides.

    The optimizer is a new one of the same kind and arguments: its slots and its step begin anew.

    Args:
        model: a built `keras.Model`.
        names: names of layers or nested models, as `reuse_layers` returns them.

    Raises:
        ValueError: for a name that the model lacks, or a model that cannot be compiled again (see
            `unfreeze_layers`); before anything is changed.

    >>> layers = keras.layers.Dense(3, name="hidden1"), keras.layers.Dense(2, name="outputs")
    >>> model = keras.Sequential([keras.Input((4,)), *layers])
    >>> freeze_layers(model, ["hidden1"])
    >>> [layer.trainable for layer in model.layers]
    [False, True]
    """
    _layer_names.with_weights("model", model)
    layers = dict(_layer_names.walk(model))
    names = _listed(names)
    chosen = [layers[_layer_names.known("names", name, layers)] for name in names]
    arguments = recompile.checked_arguments(model) if model.compiled else None
    for layer in chosen:
        _set_trainable(layer, False)
    if arguments is not None:
        recompile.compile_again(model, arguments)


def unfreeze_layers(model, learning_rate):
    """Lets all layers train, and compiles the model again with another learning rate.

    On TensorFlow, Keras' own `model.trainable = True` leaves layers that were frozen one by one as
    they are.

    TF1: another optimizer with the lower rate, and its `minimize(loss)` without a `var_list`: it
    had slots of its own, which began at their first values, as those of the new one here do.

    Loss, metrics, the kind of the optimizer and its other arguments stay. The losses are the same
    objects; a metric of your own must be registered with Keras. What an optimizer was told by a
    method, such as `exclude_from_weight_decay`, must be said again. To let a part train,
    `freeze_layers` the rest afterwards.

    Args:
        model: a built and compiled `keras.Model`.
        learning_rate: float > 0 or a schedule: in place of the old one, usually a tenth of it.

    Raises:
        ValueError: for a rate outside these, or a model that is not compiled or cannot be compiled
            again; before anything is changed.

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="outputs")])
    >>> model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    >>> freeze_layers(model, ["outputs"])
    >>> unfreeze_layers(model, learning_rate=0.01)
    >>> round(float(model.optimizer.learning_rate), 4), model.optimizer.momentum
    (0.01, 0.9)
    """
    if not isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        validation.number("learning_rate", learning_rate, 0, open_low=True)
        learning_rate = float(learning_rate)
    _layer_names.with_weights("model", model)
    arguments = recompile.checked_arguments(model, learning_rate)
    _set_trainable(model, True)
    recompile.compile_again(model, arguments)


def _listed(names):
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list | tuple | set) or not all(isinstance(n, str) for n in names):
        validation.fail(
            "`names` must be a layer's name or a list of names.",
            f"names={names!r}",
            "Hand over what reuse_layers returned.",
        )
    return names


def _set_trainable(layer, value):
    """Sets `layer.trainable`, and that of every layer in it."""
    inner = [each for _, each in _layer_names.walk(layer)] if isinstance(layer, keras.Model) else []
    for each in [layer, *inner]:
        # On TensorFlow, Keras does not pass on to the layers within what a layer has already: to a
        # model with a frozen layer, `model.trainable = True` does nothing. So it is set twice.
        each.trainable = not value
        each.trainable = value
