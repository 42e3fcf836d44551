"""Extracts the features of a trained net: the outputs of one of its layers."""

from typing import Any

import keras

from tf_recipes._support import validation


def feature_extractor(model: keras.Model, layer: str | None = None) -> keras.Model:
    """Returns a model that ends at one layer of a net and outputs the features of this layer.

    TF1: `hidden2.eval(feed_dict={X: images})`, for any tensor of the graph. Keras' usual way,
    `keras.Model(model.inputs, model.get_layer(name).output)`, takes the first use of the layer. If
    the net was built from layers of another net, the first use is in the other net. This function
    takes the use in `model`.

    Args:
        model: a built `keras.Model`: functional, `Sequential`, or subclassed with one input and a
            `call` of layers and `keras.ops`.
        layer: str, the name of the layer whose outputs are the features. With None the features
            are the inputs of the last layer with a kernel, from which the net itself classifies. (A
            batch normalization after this layer has only vectors, and does not count.)

    Returns:
        A functional `keras.Model` that shares its layers and their weights with `model`: training
        `model` changes the features.

    Raises:
        ValueError: for a model that is not built or has no graph of layers, for a layer that the
            model lacks or uses more than once, and without `layer` for a model with several
            outputs.

    >>> inputs = keras.Input((4,))
    >>> hidden = keras.layers.Dense(3, "relu", name="hidden")(inputs)
    >>> net = keras.Model(inputs, keras.layers.Dense(2)(hidden))
    >>> feature_extractor(net).output_shape
    (None, 3)
    """
    plain = functional(model)
    chosen = _last_with_kernel(plain) if layer is None else _layer_by_name(plain, layer)
    features = []  # one entry for each use of the layer

    def call(each, *args, **kwargs):
        outputs = each(*args, **kwargs)
        if each is chosen:
            features.append([*args, *kwargs.values()][0] if layer is None else outputs)
        return outputs

    same_layers = keras.models.clone_model(
        plain, clone_function=lambda each: each, call_function=call
    )
    if len(features) != 1:
        validation.fail(
            "The model must use the layer of the features exactly once.",
            f"layer={chosen.name!r}, which it uses {len(features)} times",
            "Pass the name of another layer.",
        )
    return keras.Model(same_layers.input, features[0], name="features")


@keras.saving.register_keras_serializable(package="tf_recipes")
class Frozen(keras.layers.Wrapper):
    """Wraps a trained model as a layer that is not trained and always runs in evaluation mode.

    TF1: `tf.stop_gradient(features)`, with `is_training` false for the part below. Keras' usual
    way, `layer.trainable = False` and `layer(inputs, training=False)`, has no effect on dropout in
    a functional model: as of Keras 3.15 its `fit` passes `training=True` to every part, so that
    dropout drops.

    Args:
        model: a `keras.Model` or layer. Its `trainable` becomes false, also for its other uses.
        **kwargs: the arguments of `keras.layers.Layer`.

    Shapes: those of `model`.

    >>> frozen = Frozen(keras.Sequential([keras.layers.Dropout(0.5)]))
    >>> frozen(keras.ops.ones((1, 3)), training=True).numpy().tolist()
    [[1.0, 1.0, 1.0]]
    """

    def __init__(self, model: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(model, **kwargs)  # sets `self.layer`
        self.trainable = False
        # Keras does not pass the flag on to the inner layer if this layer already has it, as after
        # loading.
        self.layer.trainable = False

    def call(self, inputs: Any) -> Any:
        """Returns the outputs of the model in evaluation mode."""
        return self.layer(inputs, training=False)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the output shape of the model."""
        return self.layer.compute_output_shape(input_shape)


def functional(model: keras.Model) -> keras.Model:
    """Returns a functional `keras.Model` of the same layers, whatever the class of `model`.

    Args:
        model: as for `feature_extractor`.

    Raises:
        ValueError: for a model that is not built or has no graph of layers.
    """
    if not isinstance(model, keras.Model):
        validation.fail(
            "`model` must be a keras.Model.",
            f"model={model!r}",
            "Load a saved model with keras.saving.load_model(path), and pass the result.",
        )
    shape, dtype = _input_of(model)
    if shape is None:
        return keras.Model(model.input, model.output)
    inputs = keras.Input(shape[1:], dtype=dtype)
    try:
        outputs = model.call(inputs)
    except Exception as error:  # of any kind: `call` may do anything with a symbolic tensor
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        validation.fail(
            "A subclassed model's `call` must consist of layers and keras.ops.",
            f"model={model!r}, whose call fails with: {reason}",
            "Replace other operations by layers and keras.ops, or build a functional model.",
        )
    return keras.Model(inputs, outputs)


def _input_of(model: keras.Model) -> tuple[tuple[int | None, ...] | None, Any]:
    """Returns shape and dtype of the model's single input; (None, None) for a functional model."""
    if isinstance(model, keras.Sequential) and model.built:
        first = getattr(model, "inputs", None)  # of the batch with which the model was built
        if first:
            return tuple(first[0].shape), first[0].dtype
    elif getattr(model, "inputs", None):
        return None, None
    shape = (model.get_build_config() or {}).get("input_shape")
    if shape is None or not all(size is None or isinstance(size, int) for size in shape):
        validation.fail(
            "`model` must be built, and a subclassed model must have a single input.",
            f"model={model!r}",
            "Call the model on a batch first, or begin the model with keras.Input.",
        )
    return tuple(shape), model.input_dtype


def _last_with_kernel(model: keras.Model) -> keras.layers.Layer:
    """Returns the last layer with a kernel, with which the net classifies."""
    if len(model.outputs) != 1:
        validation.fail(
            "A model with several outputs has no single last layer.",
            f"{len(model.outputs)} outputs",
            "Pass the name of the features' layer as `layer`.",
        )
    for layer in reversed(model.layers):
        if any(len(weight.shape) > 1 for weight in layer.weights):
            return layer
    return validation.fail(
        "Without `layer`, the model must have a layer with a kernel.",
        f"model={model!r}",
        "Pass the name of the features' layer as `layer`.",
    )


def _layer_by_name(model: keras.Model, name: str) -> keras.layers.Layer:
    for layer in model.layers:
        if layer.name == name:
            return layer
    return validation.fail(
        "`layer` must be the name of one of the model's layers, or None.",
        f"layer={name!r}",
        f"Choose one of these names: {', '.join(layer.name for layer in model.layers)}.",
    )
