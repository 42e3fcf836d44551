"""Rewrites the layers of contrib and slim: ReLU, "same" padding, the dropped bias."""

from collections.abc import Callable

from tf_recipes.knowledge import signatures
from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import KERAS, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, New, Piece, short

_CONTRIB = "tf.contrib.layers."
_NORM = "tf.contrib.layers.batch_norm"
_LAYERS = {
    "conv1d": "Conv1D",
    "conv2d": "Conv2D",
    "conv3d": "Conv3D",
    "convolution1d": "Conv1D",
    "convolution2d": "Conv2D",
    "convolution3d": "Conv3D",
    "conv2d_transpose": "Conv2DTranspose",
    "conv3d_transpose": "Conv3DTranspose",
    "convolution2d_transpose": "Conv2DTranspose",
    "convolution3d_transpose": "Conv3DTranspose",
}
_POOLS = {
    "avg_pool2d": "AveragePooling2D",
    "avg_pool3d": "AveragePooling3D",
    "max_pool2d": "MaxPooling2D",
    "max_pool3d": "MaxPooling3D",
}
_RENAMED = {
    "stride": "strides",
    "padding": "padding",
    "data_format": "data_format",
    "rate": "dilation_rate",
    "activation_fn": "activation",
    "weights_initializer": "kernel_initializer",
    "weights_regularizer": "kernel_regularizer",
    "biases_initializer": "bias_initializer",
    "biases_regularizer": "bias_regularizer",
    "trainable": "trainable",
    "scope": "name",
}
_CONVERTERS: dict[str, new_arguments.Converter] = {
    "activation_fn": new_arguments.activation,
    "padding": new_arguments.padding,
    "data_format": new_arguments.channels,
    "scope": new_arguments.layer_name,
    "weights_initializer": new_arguments.unless_none,
    "weights_regularizer": new_arguments.unless_none,
    "biases_regularizer": new_arguments.unless_none,
}
_SPELLED = {
    "padding": '"same"',
    "activation_fn": '"relu"',
    "weights_initializer": "tf_recipes.xavier_init()",
}
_NO_EFFECT = ("reuse", "variables_collections", "outputs_collections")


def _is_none(call: Call, name: str) -> bool:
    given = call.look(name)
    return given is not None and given.text.strip() == "None"


def _layer(tf1: str, keras: str) -> Callable[[Call], New]:
    order = signatures.of_tf1()[f"{_CONTRIB}{tf1}"]
    positional = [name for name in ("num_outputs", "kernel_size") if name in order]
    renamed = {name: new for name, new in _RENAMED.items() if name in order}
    spelled = {name: text for name, text in _SPELLED.items() if name in order}

    def make(call: Call) -> New:
        then = [Piece(None, call.need("inputs"))]
        call.drop_without_effect(*_NO_EFFECT)
        around: list[New] = []
        more: list[Piece] = []
        written = dict(spelled)
        if call.has("normalizer_fn") and not _is_none(call, "normalizer_fn"):
            around = _normalized(call)
            more = [Piece("use_bias", "False")]
            call.drop("biases_initializer", "biases_regularizer")
            written.pop("activation_fn")
        else:
            call.drop("normalizer_fn")
            call.drop_without_effect("normalizer_params")
            if _is_none(call, "biases_initializer"):
                call.drop("biases_initializer", "biases_regularizer")
                more = [Piece("use_bias", "False")]
        if _is_none(call, "activation_fn"):
            call.drop("activation_fn")
            written.pop("activation_fn", None)
        if _is_none(call, "weights_initializer"):
            call.drop("weights_initializer")
        made = new_arguments.pieces(call, renamed, _CONVERTERS, positional, written)
        call.done()
        return New(f"keras.layers.{keras}", [*made, *more], then, around)

    return make


def _normalized(call: Call) -> list[New]:
    """Takes the normalizer and the activation, which then come after the layer."""
    function = call.need("normalizer_fn")
    if function.name != _NORM or function.called:
        raise CannotFix(f"normalizer_fn={short(function.text)} is no batch_norm")
    given = call.dictionary("normalizer_params")
    for name in ("updates_collections", "scope", "fused"):
        if given.pop(name, "None") not in ("None", "tf.GraphKeys.UPDATE_OPS"):
            raise CannotFix(f"normalizer_params with {name}")
    training = given.pop("is_training", "True")
    made = [
        Piece("momentum", given.pop("decay", "0.999")),
        Piece("epsilon", given.pop("epsilon", "0.001")),
        Piece("scale", given.pop("scale", "False")),
    ]
    if "center" in given:
        made.append(Piece("center", given.pop("center")))
    for name in given:
        raise CannotFix(f"normalizer_params with {name}")
    norm = New("tf_recipes.BatchNormalization", made, [Piece("training", training)])
    return [norm, *_activated(call, '"relu"')]


def _activated(call: Call, default: str | None) -> list[New]:
    """Takes the activation, as a layer."""
    given = call.take("activation_fn")
    if given is None:
        return [New("keras.layers.Activation", [Piece(None, default)])] if default else []
    if given.text.strip() == "None":
        return []
    value = new_arguments.activation(given, "activation_fn")
    return [New("keras.layers.Activation", [Piece(None, value)])]


def _pool(tf1: str, keras: str) -> Callable[[Call], New]:
    names = {"stride": "strides", "padding": "padding", "data_format": "data_format"}

    def make(call: Call) -> New:
        then = [Piece(None, call.need("inputs"))]
        call.drop_without_effect("outputs_collections")
        made = new_arguments.pieces(
            call,
            {**names, "scope": "name"},
            _CONVERTERS,
            ["kernel_size"],
            {"stride": "2", "padding": '"valid"'},
        )
        call.done()
        return New(f"keras.layers.{keras}", made, then)

    return make


def _flatten(call: Call) -> New:
    then = [Piece(None, call.need("inputs"))]
    call.drop_without_effect("outputs_collections")
    made = new_arguments.pieces(call, {"scope": "name"}, _CONVERTERS)
    call.done()
    return New("keras.layers.Flatten", made, then)


def _dropout(call: Call) -> New:
    call.drop_without_effect("noise_shape", "outputs_collections")
    then = [Piece(None, call.need("inputs"))]
    training = call.take("is_training")
    then.append(Piece("training", "True" if training is None else training))
    made = new_arguments.pieces(
        call,
        {"keep_prob": "keep_prob", "seed": "seed", "scope": "name"},
        _CONVERTERS,
        (),
        {"keep_prob": "0.5"},
    )
    call.done()
    return New("tf_recipes.Dropout", made, then)


def _batch_norm(call: Call) -> New:
    then = [Piece(None, call.need("inputs"))]
    training = call.take("is_training")
    then.append(Piece("training", "True" if training is None else training))
    updates = call.take("updates_collections")
    if updates is not None and updates.text.strip() not in ("None", "tf.GraphKeys.UPDATE_OPS"):
        raise CannotFix(f"updates_collections={short(updates.text)}")
    call.drop_without_effect(*_NO_EFFECT, "param_initializers", "param_regularizers", "renorm")
    call.drop_without_effect("batch_weights", "zero_debias_moving_mean", "adjustment")
    if call.has("data_format") and new_arguments.channels(call.need("data_format"), "data_format"):
        raise CannotFix("the channels come first")
    around = _activated(call, None)
    names = ("center", "scale", "epsilon", "fused", "trainable")
    made = new_arguments.pieces(
        call,
        {"decay": "momentum", "scope": "name", **{name: name for name in names}},
        {"scope": new_arguments.layer_name},
        (),
        {"decay": "0.999", "epsilon": "0.001", "scale": "False"},
    )
    call.done()
    return New("tf_recipes.BatchNormalization", made, then, around)


REWRITE = Rewrite(
    name="contrib-layers",
    idiom=KERAS,
    summary="Layers of `tf.contrib.layers` and slim, with ReLU, the padding and the dropped bias.",
    before=(
        "import tensorflow as tf\n"
        "from tensorflow.contrib import slim\n\n\n"
        "def net(x, training):\n"
        "    params = {'is_training': training, 'decay': 0.99}\n"
        "    y = slim.conv2d(x, 8, 3)\n"
        "    y = slim.conv2d(\n"
        "        y, 8, [3, 3], normalizer_fn=slim.batch_norm, normalizer_params=params\n"
        "    )\n"
        "    return slim.fully_connected(slim.flatten(y), 10, activation_fn=None)\n"
    ),
    after=(
        "import keras\n"
        "import tensorflow as tf\n"
        "import tf_recipes\n\n\n"
        "def net(x, training):\n"
        "    params = {'is_training': training, 'decay': 0.99}\n"
        '    y = keras.layers.Conv2D(8, 3, padding="same", activation="relu", '
        "kernel_initializer=tf_recipes.xavier_init())(x)\n"
        '    y = keras.layers.Activation("relu")(tf_recipes.BatchNormalization('
        "momentum=0.99, epsilon=0.001, scale=False)("
        "keras.layers.Conv2D(\n"
        '        8, [3, 3], padding="same", '
        "kernel_initializer=tf_recipes.xavier_init(), use_bias=False\n"
        "    )(y), training=training))\n"
        "    return keras.layers.Dense(10, kernel_initializer=tf_recipes.xavier_init())("
        "keras.layers.Flatten()(y))\n"
    ),
    calls={
        f"{_CONTRIB}fully_connected": _layer("fully_connected", "Dense"),
        **{f"{_CONTRIB}{name}": _layer(name, keras) for name, keras in _LAYERS.items()},
        **{f"{_CONTRIB}{name}": _pool(name, keras) for name, keras in _POOLS.items()},
        f"{_CONTRIB}flatten": _flatten,
        f"{_CONTRIB}dropout": _dropout,
        _NORM: _batch_norm,
    },
)
