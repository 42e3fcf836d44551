"""Pairs the functions of `tf.layers` with the layers of Keras."""

import dataclasses

from lab.documentation.defaults.normalization import UPDATES, VARIANCE
from lab.documentation.defaults.pairs import Hidden, Pair

GLOROT = "a variable without an initializer is glorot_uniform"


def layer(function, name, same=(), **more):
    """Returns the pair of a function of `tf.layers`, also its class, and a Keras layer."""
    return Pair(
        f"tf.layers.{function}",
        f"keras.layers.{name}",
        same=dict.fromkeys(same, GLOROT),
        also=(f"tf.layers.{name}",),
        **more,
    )


KERNEL = ("kernel_initializer",)
SEPARATE = ("depthwise_initializer", "pointwise_initializer")

PAIRS = (
    layer("dense", "Dense", KERNEL, page="recipes/dense.md"),
    layer("conv1d", "Conv1D", KERNEL),
    layer("conv2d", "Conv2D", KERNEL),
    layer("conv3d", "Conv3D", KERNEL),
    layer("conv2d_transpose", "Conv2DTranspose", KERNEL),
    layer("conv3d_transpose", "Conv3DTranspose", KERNEL),
    layer("separable_conv1d", "SeparableConv1D", SEPARATE),
    layer("separable_conv2d", "SeparableConv2D", SEPARATE),
    *(
        layer(f"{kind.lower()}_pooling{dims}d", f"{kind}Pooling{dims}D")
        for kind in ("Average", "Max")
        for dims in (1, 2, 3)
    ),
    layer("flatten", "Flatten"),
    layer(
        "dropout",
        "Dropout",
        hidden=(
            Hidden(
                "training",
                "`False`, until the code says otherwise",
                "call.training",
                "`True` in `fit`, `False` in `evaluate` and `predict`",
                "layers_dropout_training",
            ),
        ),
        page="recipes/dropout.md",
    ),
    layer(
        "batch_normalization",
        "BatchNormalization",
        renamed={"training": "call.training", "renorm_decay": "renorm_momentum"},
        absent=("fused", "virtual_batch_size", "adjustment"),
        hidden=(
            dataclasses.replace(
                UPDATES,
                argument="updates",
                tf1="in `tf.GraphKeys.UPDATE_OPS`: the averages move only if they are run",
                proof="layers_update_ops",
            ),
            dataclasses.replace(
                VARIANCE,
                tf1="sum of squares / (N - 1), in the fused kernel: inputs of four axes",
                proof="layers_moving_variance",
            ),
        ),
        page="recipes/batch_norm.md",
    ),
)
