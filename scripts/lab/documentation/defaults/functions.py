"""Pairs the functions of `tf.nn`, except the losses, with their Keras counterparts."""

from lab.documentation.defaults.pairs import Hidden, Pair

ACTIVATIONS = "recipes/activations.md"
REGULARIZATION = "recipes/regularization.md"
GIVEN = "must be given"
LAST = {"axis": "the last"}


def activation(tf1, keras, **more):
    """Returns the pair of an activation function."""
    return Pair(f"tf.nn.{tf1}", f"keras.{keras}", page=ACTIVATIONS, **more)


def convolution(tf1, keras="conv", **more):
    """Returns the pair of a convolution. TF 1.15 refuses its own default None: `GIVEN`."""
    return Pair(
        f"tf.nn.{tf1}",
        f"keras.ops.{keras}",
        {
            "input": "inputs",
            "value": "inputs",
            "filter": "kernel",
            "filters": "kernel",
            "stride": "strides",
            "rate": "dilation_rate",
            "dilations": "dilation_rate",
        },
        ("use_cudnn_on_gpu",),
        hidden=more.pop("hidden", ()),
        same={
            "value": GIVEN,
            "input": GIVEN,
            "filter": GIVEN,
            "filters": GIVEN,
            "stride": GIVEN,
            "dilations": "1",
            **more,
        },
    )


def pool(tf1, keras):
    """Returns the pair of a pooling function; only the data format has a default."""
    renamed = {"input": "inputs", "value": "inputs", "ksize": "pool_size"}
    return Pair(f"tf.nn.{tf1}", f"keras.ops.{keras}", renamed, same={"input": GIVEN})


def recognition(tf1, keras, hidden=()):
    """Returns the pair of a function for connectionist temporal classification."""
    blank = Hidden("blank", "the last class", "mask_index", "`0`", "ctc_blank")
    order = Hidden(
        "axes of the input", "(time, batch, class)", "the same", "(batch, time, class)", "ctc_axes"
    )
    return Pair(
        f"tf.nn.{tf1}",
        f"keras.ops.{keras}",
        absent=[
            "inputs",
            "sequence_length",
            "logits",
            "preprocess_collapse_repeated",
            "ctc_merge_repeated",
            "ignore_longer_outputs_than_inputs",
            "time_major",
        ],
        hidden=(blank, order, *hidden),
    )


PAIRS = (
    activation("relu", "activations.relu"),
    activation("relu6", "activations.relu6"),
    activation("elu", "activations.elu"),
    activation("selu", "activations.selu"),
    activation("sigmoid", "activations.sigmoid"),
    activation("tanh", "activations.tanh"),
    activation("softplus", "activations.softplus"),
    activation("softsign", "activations.softsign"),
    activation("swish", "activations.silu"),
    activation("softmax", "activations.softmax", absent=("dim",), same=LAST),
    activation("log_softmax", "activations.log_softmax", absent=("dim",), same=LAST),
    activation("leaky_relu", "activations.leaky_relu", renamed={"alpha": "negative_slope"}),
    activation("leaky_relu", "layers.LeakyReLU", renamed={"alpha": "negative_slope"}),
    Pair(
        "tf.nn.dropout",
        "keras.layers.Dropout",
        absent=("rate",),
        hidden=(
            Hidden(
                "keep_prob",
                "second argument, the share that is kept",
                "rate",
                "the share that is dropped",
                "nn_keep_prob",
            ),
            Hidden(
                "training",
                "drops in every call",
                "call.training",
                "`True` in `fit`, `False` in `evaluate` and `predict`",
                "nn_dropout_training",
            ),
        ),
        page="recipes/dropout.md",
    ),
    Pair(
        "tf.nn.l2_loss",
        "keras.regularizers.L2",
        hidden=(Hidden("factor of the sum of squares", "`1/2`", "l2", "`0.01`", "l2_loss"),),
        page=REGULARIZATION,
    ),
    Pair(
        "tf.nn.l2_normalize",
        "keras.ops.normalize",
        absent=("dim",),
        hidden=(
            Hidden("axis", "`None`: all axes", "axis", "`-1`", "l2_normalize_axis"),
            Hidden(
                "epsilon",
                "`1e-12`, least sum of squares: length 1e-6",
                "epsilon",
                "`None`: length 1e-7",
                "l2_normalize_epsilon",
            ),
        ),
    ),
    Pair(
        "tf.nn.moments",
        "keras.ops.moments",
        absent=("shift", "keep_dims"),
        same={"keepdims": "False"},
    ),
    Pair(
        "tf.nn.batch_normalization",
        "keras.ops.batch_normalization",
        {"variance_epsilon": "epsilon"},
    ),
    Pair(
        "tf.nn.embedding_lookup",
        "keras.ops.take",
        absent=("partition_strategy", "validate_indices", "max_norm"),
        hidden=(
            Hidden("axis", "the first", "axis", "`None`: of the flattened array", "embedding_axis"),
        ),
    ),
    Pair("tf.nn.top_k", "keras.ops.top_k"),
    Pair("tf.nn.in_top_k", "keras.ops.in_top_k"),
    Pair("tf.nn.depth_to_space", "keras.ops.depth_to_space"),
    Pair("tf.nn.space_to_depth", "keras.ops.space_to_depth"),
    convolution("conv1d", padding=GIVEN),
    convolution("conv2d", padding=GIVEN, strides=GIVEN),
    convolution("conv3d", padding=GIVEN, strides=GIVEN),
    convolution("convolution", dilation_rate="1", strides="1", rate="1"),
    convolution("atrous_conv2d"),
    convolution("atrous_conv2d_transpose", "conv_transpose"),
    convolution("depthwise_conv2d", "depthwise_conv", rate="1"),
    convolution("depthwise_conv2d_native", "depthwise_conv"),
    convolution("separable_conv2d", "separable_conv", rate="1"),
    *(
        convolution(f"conv{dims}_transpose", "conv_transpose", strides=GIVEN, output_shape=GIVEN)
        for dims in ("1d", "2d", "3d")
    ),
    convolution("conv_transpose", "conv_transpose"),
    *(pool(f"max_pool{tail}", "max_pool") for tail in ("", "1d", "2d", "3d", "_v2")),
    *(pool(f"avg_pool{tail}", "average_pool") for tail in ("", "1d", "2d", "3d", "_v2")),
    Pair(
        "tf.nn.pool",
        "keras.ops.max_pool",
        absent=("dilation_rate", "dilations"),
        hidden=(
            Hidden("strides", "`None`: 1", "strides", "`None`: the window's size", "pool_strides"),
        ),
    ),
    recognition("ctc_loss", "ctc_loss"),
    recognition("ctc_greedy_decoder", "ctc_decode"),
    recognition(
        "ctc_beam_search_decoder",
        "ctc_decode",
        (Hidden("search", "beams", "strategy", "`'greedy'`", "ctc_search"),),
    ),
)
