"""Pairs the normalizations of `tf.contrib.layers` with the layers of Keras."""

from lab.documentation.defaults.pairs import Hidden, Pair

BATCH_NORM = "recipes/batch_norm.md"
# Keras' normalizations have no activation; the default of TF1 is None.
AFFINE = ("activation_fn", "param_initializers")
UPDATES = Hidden(
    "updates_collections",
    "`'update_ops'`: the averages move only if these operations are run",
    "updates",
    "the averages move in each training step",
    "update_ops",
)
VARIANCE = Hidden(
    "variance that enters the average",
    "sum of squares / (N - 1), in the fused kernel",
    "the same",
    "sum of squares / N",
    "moving_variance",
)

PAIRS = (
    Pair(
        "tf.contrib.layers.batch_norm",
        "keras.layers.BatchNormalization",
        {"decay": "momentum", "is_training": "call.training", "renorm_decay": "renorm_momentum"},
        (*AFFINE, "param_regularizers", "batch_weights", "zero_debias_moving_mean", "adjustment"),
        {"fused": "chooses the kernel", "data_format": "the last axis"},
        (UPDATES, VARIANCE),
        page=BATCH_NORM,
    ),
    Pair(
        "tf.contrib.layers.layer_norm",
        "keras.layers.LayerNormalization",
        {"begin_norm_axis": "axis"},
        (*AFFINE, "begin_params_axis"),
        hidden=(
            Hidden(
                "begin_norm_axis",
                "`1`: this axis and all after it",
                "axis",
                "`-1`: the last axis alone",
                "layer_norm_axis",
            ),
            Hidden("epsilon", "`1e-12`", "epsilon", "`0.001`", "layer_norm_epsilon"),
        ),
    ),
    Pair(
        "tf.contrib.layers.group_norm",
        "keras.layers.GroupNormalization",
        {"channels_axis": "axis"},
        (*AFFINE, "mean_close_to_zero"),
        {"reduction_axes": "all axes but the batch's and the channels'"},
    ),
    Pair(
        "tf.contrib.layers.instance_norm",
        "keras.layers.GroupNormalization",
        absent=AFFINE,
        same={"data_format": "the last axis"},
        hidden=(
            Hidden("groups", "one for each channel", "groups", "`32`", "instance_norm_groups"),
        ),
    ),
    Pair(
        "tf.contrib.layers.unit_norm",
        "keras.layers.UnitNormalization",
        {"dim": "axis"},
        hidden=(
            Hidden(
                "epsilon",
                "`1e-07`, added to the sum of squares",
                "epsilon",
                "`1e-12`, least length",
                "unit_norm_epsilon",
            ),
        ),
    ),
)
