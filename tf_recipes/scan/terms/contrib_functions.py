"""Names the layers of contrib that several rules look at, by their canonical names."""

CONVOLUTIONS = frozenset(
    f"tf.contrib.layers.{name}"
    for name in (
        "conv1d",
        "conv2d",
        "conv3d",
        "convolution1d",
        "convolution2d",
        "convolution3d",
        "conv2d_transpose",
        "conv3d_transpose",
        "convolution2d_transpose",
        "convolution3d_transpose",
        "separable_conv2d",
        "separable_convolution2d",
    )
)
LAYERS = CONVOLUTIONS | {"tf.contrib.layers.fully_connected"}
