"""Pairs the layers, regularizers and initializers of `tf.contrib.layers` with Keras."""

from lab.documentation.defaults.pairs import Hidden, Pair

DENSE = "recipes/dense.md"
REGULARIZATION = "recipes/regularization.md"
INITIALIZERS = "recipes/initializers.md"

WEIGHTS = {
    "activation_fn": "activation",
    "weights_initializer": "kernel_initializer",
    "weights_regularizer": "kernel_regularizer",
    "biases_initializer": "bias_initializer",
    "biases_regularizer": "bias_regularizer",
}
CONVOLUTION = {**WEIGHTS, "stride": "strides", "rate": "dilation_rate"}
NORMALIZER = ("normalizer_fn", "normalizer_params")
NO_BIAS = Hidden(
    "bias beside a `normalizer_fn`", "none", "`use_bias`", "`True`, whatever follows", "no_bias"
)


def convolution(dims, transposed=False):
    """Returns the pair of `conv{dims}d`, also named `convolution{dims}d`."""
    tail = "_transpose" if transposed else ""
    return Pair(
        f"tf.contrib.layers.conv{dims}d{tail}",
        f"keras.layers.Conv{dims}D{'Transpose' if transposed else ''}",
        CONVOLUTION,
        NORMALIZER,
        hidden=(NO_BIAS,),
        also=(f"tf.contrib.layers.convolution{dims}d{tail}",),
        page=DENSE,
    )


def pool(tf1, keras):
    """Returns the pair of a pooling layer; the stride of TF1 does not follow from the kernel."""
    renamed = {"kernel_size": "pool_size", "stride": "strides"}
    return Pair(f"tf.contrib.layers.{tf1}", f"keras.layers.{keras}", renamed)


PAIRS = (
    *(
        Pair(
            f"tf.contrib.layers.{name}",
            "keras.layers.Dense",
            WEIGHTS,
            NORMALIZER,
            hidden=(NO_BIAS,),
            page=DENSE,
        )
        for name in ("fully_connected", "linear", "relu", "relu6", "elu")
    ),
    *(
        Pair(
            f"tf.contrib.layers.{name}",
            "keras.layers.Dense",
            {
                "activation_fn": "activation",
                "weight_init": "kernel_initializer",
                "bias_init": "bias_initializer",
                "weight_regularizer": "kernel_regularizer",
                "bias_regularizer": "bias_regularizer",
            },
            page=DENSE,
        )
        for name in ("legacy_fully_connected", "legacy_linear", "legacy_relu")
    ),
    convolution(1),
    convolution(2),
    convolution(3),
    convolution(2, transposed=True),
    convolution(3, transposed=True),
    Pair(
        "tf.contrib.layers.separable_conv2d",
        "keras.layers.SeparableConv2D",
        {
            **CONVOLUTION,
            "weights_initializer": "depthwise_initializer",
            "weights_regularizer": "depthwise_regularizer",
        },
        NORMALIZER,
        same={"pointwise_initializer": "that of the depthwise weights, glorot_uniform"},
        hidden=(NO_BIAS,),
        also=("tf.contrib.layers.separable_convolution2d",),
        page=DENSE,
    ),
    pool("avg_pool2d", "AveragePooling2D"),
    pool("avg_pool3d", "AveragePooling3D"),
    pool("max_pool2d", "MaxPooling2D"),
    pool("max_pool3d", "MaxPooling3D"),
    Pair(
        "tf.contrib.layers.dropout",
        "keras.layers.Dropout",
        {"is_training": "call.training"},
        hidden=(
            Hidden(
                "keep_prob",
                "`0.5`, the share that is kept",
                "rate",
                "no default; the share that is dropped",
                "keep_prob",
            ),
            Hidden(
                "is_training",
                "`True`, until the code says otherwise",
                "call.training",
                "`True` in `fit`, `False` in `evaluate` and `predict`",
                "dropout_training",
            ),
        ),
        page="recipes/dropout.md",
    ),
    Pair(
        "tf.contrib.layers.embed_sequence",
        "keras.layers.Embedding",
        {"initializer": "embeddings_initializer", "regularizer": "embeddings_regularizer"},
        ("vocab_size", "embed_dim", "unique"),
        hidden=(
            Hidden(
                "initializer",
                "`None`: Glorot's uniform, up to sqrt(6 / (rows + columns))",
                "embeddings_initializer",
                "`'uniform'`: up to 0.05",
                "embedding_range",
            ),
        ),
        page=INITIALIZERS,
    ),
    Pair("tf.contrib.layers.flatten", "keras.layers.Flatten"),
    Pair("tf.contrib.layers.softmax", "keras.layers.Softmax"),
    Pair(
        "tf.contrib.layers.one_hot_encoding",
        "keras.ops.one_hot",
        absent=("on_value", "off_value"),
    ),
    Pair(
        "tf.contrib.layers.l1_regularizer",
        "keras.regularizers.L1",
        {"scale": "l1"},
        page=REGULARIZATION,
    ),
    Pair(
        "tf.contrib.layers.l2_regularizer",
        "keras.regularizers.L2",
        {"scale": "l2"},
        hidden=(Hidden("factor of the squares", "`1/2`", "the same", "`1`", "l2_half"),),
        page=REGULARIZATION,
    ),
    Pair(
        "tf.contrib.layers.l1_l2_regularizer",
        "keras.regularizers.L1L2",
        {"scale_l1": "l1", "scale_l2": "l2"},
        hidden=(Hidden("factor of the squares", "`1/2`", "the same", "`1`", "l1_l2_half"),),
        page=REGULARIZATION,
    ),
    Pair(
        "tf.contrib.layers.variance_scaling_initializer",
        "keras.initializers.VarianceScaling",
        {"factor": "scale"},
        hidden=(
            Hidden(
                "uniform",
                "`False`: truncated normal of sqrt(1.3 factor / n)",
                "distribution",
                "`'truncated_normal'` of sqrt(scale / n) / 0.8796",
                "variance_scaling_width",
            ),
        ),
        page=INITIALIZERS,
    ),
    Pair(
        "tf.contrib.layers.xavier_initializer",
        "keras.initializers.GlorotUniform",
        same={"uniform": "Glorot's uniform"},
        also=("tf.contrib.layers.xavier_initializer_conv2d",),
        page=INITIALIZERS,
    ),
)
