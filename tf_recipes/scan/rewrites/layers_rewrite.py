"""Rewrites `tf.layers` as the layers of Keras."""

from collections.abc import Callable

from tf_recipes.knowledge import signatures
from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import KERAS, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, New, Piece

_POOLS = {
    f"{kind.lower()}_pooling{rank}d": f"{kind}Pooling{rank}D"
    for kind in ("Average", "Max")
    for rank in (1, 2, 3)
}
_LAYERS = {
    "dense": "Dense",
    "conv1d": "Conv1D",
    "conv2d": "Conv2D",
    "conv3d": "Conv3D",
    "conv2d_transpose": "Conv2DTranspose",
    "conv3d_transpose": "Conv3DTranspose",
    "separable_conv1d": "SeparableConv1D",
    "separable_conv2d": "SeparableConv2D",
    "flatten": "Flatten",
    **_POOLS,
}
_POSITIONAL = ("units", "filters", "kernel_size", "pool_size")
_INITIALIZERS = ("kernel", "bias", "depthwise", "pointwise")
_CONVERTERS: dict[str, new_arguments.Converter] = {
    "activation": new_arguments.activation,
    "padding": new_arguments.padding,
    "data_format": new_arguments.channels,
    "name": new_arguments.layer_name,
    # TF1 takes its default for None
    **{f"{each}_initializer": new_arguments.unless_none for each in _INITIALIZERS},
}


def _layer(tf1: str, keras: str) -> Callable[[Call], New]:
    """Returns the function that rewrites `tf.layers.NAME(inputs, ...)` or `tf.layers.Name(...)`."""
    order = signatures.of_tf1()[f"tf.layers.{tf1}"]
    positional = [name for name in order if name in _POSITIONAL]
    renamed = {name: name for name in order if name not in ("inputs", "reuse", *positional)}

    def make(call: Call) -> New:
        then = [Piece(None, call.need("inputs"))] if "inputs" in order else None
        call.drop_without_effect("reuse")
        # TF1's strides of a pool are required, and Keras' default is the size of the window
        made = new_arguments.pieces(call, renamed, _CONVERTERS, positional)
        call.done()
        return New(f"keras.layers.{keras}", made, then)

    return make


def _dropout(call: Call) -> New:
    call.drop_without_effect("noise_shape")
    then = [Piece(None, call.need("inputs"))]
    training = call.take("training")
    then.append(Piece("training", "False" if training is None else training))
    renamed = {"seed": "seed", "name": "name"}
    converters: dict[str, new_arguments.Converter] = {"name": new_arguments.layer_name}
    made = new_arguments.pieces(call, renamed, converters, ["rate"], {"rate": "0.5"})
    call.done()
    return New("keras.layers.Dropout", made, then)


_OF_NORM = (
    "axis",
    "momentum",
    "epsilon",
    "center",
    "scale",
    "beta_initializer",
    "gamma_initializer",
    "moving_mean_initializer",
    "moving_variance_initializer",
    "beta_regularizer",
    "gamma_regularizer",
    "beta_constraint",
    "gamma_constraint",
    "trainable",
    "name",
)


def _batch_normalization(call: Call) -> New:
    inputs = call.need("inputs")
    call.drop_without_effect("reuse", "renorm", "fused", "virtual_batch_size", "adjustment")
    call.drop_without_effect("renorm_clipping")
    training = call.take("training")
    spelled = {"momentum": "0.99", "epsilon": "0.001", "scale": "True"}
    converters: dict[str, new_arguments.Converter] = {"name": new_arguments.layer_name}
    made = new_arguments.pieces(call, {n: n for n in _OF_NORM}, converters, (), spelled)
    call.done()
    if inputs.text.strip().isidentifier():
        # for four axes alone tf.layers takes the fused kernel, which has another moving variance
        made.append(Piece("fused", f"len({inputs.text.strip()}.shape) == 4"))
    elif inputs.name not in ("tf.layers.conv2d", "tf.layers.conv2d_transpose"):
        raise CannotFix("the number of axes is unknown: give the inputs a name")
    then = [Piece(None, inputs), Piece("training", "False" if training is None else training)]
    return New("tf_recipes.BatchNormalization", made, then)


REWRITE = Rewrite(
    name="layers",
    idiom=KERAS,
    summary="`tf.layers` as layers of Keras, with TF1's defaults.",
    before=(
        "import tensorflow as tf\n\n\n"
        "def net(x, training):\n"
        "    # two layers\n"
        "    y = tf.layers.dense(x, 300, activation=tf.nn.relu, name='hidden')\n"
        "    y = tf.layers.batch_normalization(y, training=training)\n"
        "    return tf.layers.dense(\n"
        "        y,\n"
        "        10,  # classes\n"
        "        kernel_initializer=tf.zeros_initializer(),\n"
        "    )\n"
    ),
    after=(
        "import keras\n"
        "import tensorflow as tf\n"
        "import tf_recipes\n\n\n"
        "def net(x, training):\n"
        "    # two layers\n"
        "    y = keras.layers.Dense(300, activation=\"relu\", name='hidden')(x)\n"
        "    y = tf_recipes.BatchNormalization(momentum=0.99, epsilon=0.001, scale=True, "
        "fused=len(y.shape) == 4)(y, training=training)\n"
        "    return keras.layers.Dense(\n"
        "        10,  # classes\n"
        "        kernel_initializer=keras.initializers.Zeros(),\n"
        "    )(y)\n"
    ),
    calls={
        **{
            f"tf.layers.{name}": _layer(name, keras)
            for function, keras in _LAYERS.items()
            for name in (function, keras)
        },
        "tf.layers.dropout": _dropout,
        "tf.layers.batch_normalization": _batch_normalization,
    },
)
