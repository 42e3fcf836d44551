"""A trained net's features: what one of its layers gives out, as a model of its own."""

import keras

from tf_recipes._support import validation


def feature_extractor(model, layer=None):
    """The part of a net that ends at one of its layers, as a model of its own.

    TF1: `hidden2.eval(feed_dict={X: images})`, any tensor of the graph. Keras' usual way,
    `keras.Model(model.inputs, model.get_layer(name).output)`, takes the layer's first use, which in
    a net that was built from another's layers is in that other; here it is the use in `model`.

    Args:
        model: a built `keras.Model`: functional, `Sequential`, or subclassed with one input and a
            `call` of layers and `keras.ops`.
        layer: the name of the layer whose output the features are. None: the input of the last
            layer with a kernel, that is, what the net itself classifies by. (A batch norm behind
            that layer has vectors alone, and is passed over.)

    Returns:
        A functional `keras.Model` that shares its layers and their weights with `model`: what is
        trained there changes here.

    Raises:
        ValueError: for a model that is not built or has no graph of layers, for a layer that it
            lacks or uses more than once, and without `layer` for one with several outputs.

    >>> inputs = keras.Input((4,))
    >>> hidden = keras.layers.Dense(3, "relu", name="hidden")(inputs)
    >>> net = keras.Model(inputs, keras.layers.Dense(2)(hidden))
    >>> feature_extractor(net).output_shape
    (None, 3)
    """
    plain = functional(model)
    chosen = _classifying(plain) if layer is None else _named(plain, layer)
    found = []

    def call(each, *args, **kwargs):
        outputs = each(*args, **kwargs)
        if each is chosen:
            found.append([*args, *kwargs.values()][0] if layer is None else outputs)
        return outputs

    shared = keras.models.clone_model(plain, clone_function=lambda each: each, call_function=call)
    if len(found) != 1:
        validation.fail(
            "Features are what a layer gives out that the model uses once.",
            f"layer={chosen.name!r}, which it uses {len(found)} times",
            "Name another layer.",
        )
    return keras.Model(shared.input, found[0], name="features")


@keras.saving.register_keras_serializable(package="tf_recipes")
class Frozen(keras.layers.Wrapper):
    """A trained model as a layer of another, which stays as it is: not trained, in evaluation.

    TF1: `tf.stop_gradient(features)`, with `is_training` false for the part below it. Keras' usual
    way, `layer.trainable = False` and `layer(inputs, training=False)`, does not hold in a
    functional model: as of Keras 3.15 its `fit` hands `training=True` to every part, so that
    dropout drops.

    Args:
        model: a `keras.Model` or layer. Its `trainable` becomes false, wherever else it is used.
        **kwargs: a layer's own arguments.

    Shapes: those of `model`.

    >>> frozen = Frozen(keras.Sequential([keras.layers.Dropout(0.5)]))
    >>> frozen(keras.ops.ones((1, 3)), training=True).numpy().tolist()
    [[1.0, 1.0, 1.0]]
    """

    def __init__(self, model, **kwargs):
        super().__init__(model, **kwargs)  # as `self.layer`
        self.trainable = False
        # Of a layer that was loaded as not trainable, the flag stops there.
        self.layer.trainable = False

    def call(self, inputs):
        return self.layer(inputs, training=False)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)


def functional(model):
    """The same layers as a plain functional model, of no class of its own.

    Args:
        model: as for `feature_extractor`.

    Raises:
        ValueError: for a model that is not built or has no graph of layers.
    """
    if not isinstance(model, keras.Model):
        validation.fail(
            "`model` must be a keras.Model.",
            f"model={model!r}",
            "Load a saved one with keras.saving.load_model.",
        )
    shape, dtype = _input_of(model)
    if shape is None:
        return keras.Model(model.input, model.output)
    inputs = keras.Input(shape[1:], dtype=dtype)
    try:
        outputs = model.call(inputs)
    except Exception as error:  # of many kinds: whatever was called on a tensor without values
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        validation.fail(
            "A subclassed model's `call` must consist of layers and keras.ops.",
            f"model={model!r}, whose call says: {reason}",
            "Write it with them, or make the model a functional one.",
        )
    return keras.Model(inputs, outputs)


def _input_of(model):
    """Shape and dtype of a single input that the model is to be called on; None if it has been."""
    if isinstance(model, keras.Sequential) and model.built:
        first = getattr(model, "inputs", None)  # of the batch that it was built with
        if first:
            return tuple(first[0].shape), first[0].dtype
    elif getattr(model, "inputs", None):
        return None, None
    shape = (model.get_build_config() or {}).get("input_shape")
    if shape is None or not all(size is None or isinstance(size, int) for size in shape):
        validation.fail(
            "`model` must be built, and a subclassed one have a single input.",
            f"model={model!r}",
            "Call it on a batch first, or begin it with keras.Input.",
        )
    return tuple(shape), model.input_dtype


def _classifying(model):
    """The layer that the net itself classifies with: the last with a kernel."""
    if len(model.outputs) != 1:
        validation.fail(
            "A model with several outputs has no one last layer.",
            f"{len(model.outputs)} outputs",
            "Name the `layer` whose output the features are.",
        )
    for layer in reversed(model.layers):
        if any(len(weight.shape) > 1 for weight in layer.weights):
            return layer
    return validation.fail(
        "Without `layer`, the model must have a layer with a kernel.",
        f"model={model!r}",
        "Name the `layer` whose output the features are.",
    )


def _named(model, name):
    for layer in model.layers:
        if layer.name == name:
            return layer
    return validation.fail(
        "`layer` must be the name of one of the model's layers, or None.",
        f"layer={name!r}",
        f"Choose from {', '.join(layer.name for layer in model.layers)}.",
    )
