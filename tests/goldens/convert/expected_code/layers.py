"""Holds lines that the code of converted graphs has: convolutions, norms, dropout, activations."""

LINES = {
    "conv_layers": [
        'conv2 = keras.layers.Conv2D(5, (2, 1), name="conv2")(conv1)',
        'pool = keras.layers.MaxPooling2D(2, strides=1, name="pool")(conv3)',
        'flatten = keras.layers.Flatten(name="flatten")(average_pooling2d)',
    ],
    "conv_handwritten": [
        'w1 = keras.layers.Conv2D(4, 3, activation="relu", padding="same", name="W1")(x)',
        'w2 = keras.layers.Conv2D(2, 2, dilation_rate=2, use_bias=False, name="W2")(max_pool)',
    ],
    "conv_series_with_holes": ['4, 2, padding="causal", dilation_rate=2, name="causal"'],
    "conv_separable_series": [
        'separable = keras.layers.SeparableConv1D(4, 3, padding="same", name="separable")(x)',
    ],
    "conv_generator": ['3, 5, activation="relu", strides=2, padding="same", name="up1"'],
    "conv_transposed_by_hand": ['2, 3, strides=2, padding="same", output_padding=0, name="w"'],
    "conv_padded": ['pad = keras.layers.ZeroPadding2D(1, name="Pad")(x)'],
    "conv_channels_first": [
        "transpose = keras.ops.transpose(y, (0, 2, 3, 1))",
        "concatenate = keras.ops.concatenate([net_bn, elu], axis=-1)",
        'net_1 = keras.layers.GlobalAveragePooling2D(name="net_1")(net_up)',
    ],
    "conv_tied": ["def transposed_convolution(x, kernel, strides, padding):"],
    "norm_layers_flag": [
        'bn1 = tf_recipes.BatchNormalization(momentum=0.9, scale=True, name="bn1")(conv)',
    ],
    "norm_contrib_flag": [
        'dense = keras.layers.Dense(3, use_bias=False, name="dense")(flatten_flatten)',
    ],
    "norm_handwritten_average": [
        'bn = keras.layers.BatchNormalization(momentum=0.5, name="bn")(x)',
    ],
    "norm_not_updated": [
        'bn = keras.layers.BatchNormalization(momentum=1.0, name="bn")(dense)',
    ],
    "norm_of_layers": [
        'ln1 = keras.layers.LayerNormalization(epsilon=1e-12, name="ln1")(hidden)',
        'ln2 = keras.layers.LayerNormalization(epsilon=1e-06, name="ln2")(relu)',
    ],
    "drop_keep_prob": ['dropout = keras.layers.Dropout(0.4, name="dropout")(hidden)'],
    "drop_old": ['dropout = keras.layers.Dropout(0.4, name="dropout")(hidden)'],
    "drop_flag": [
        'dropout = keras.layers.Dropout(0.3, name="dropout")(hidden)',
        'second = keras.layers.Dropout(0.2, name="second")(hidden2)',
    ],
    "drop_chosen_keep": ['dropout = keras.layers.Dropout(0.3, name="dropout")(hidden)'],
    "drop_channels": [
        'dropout = keras.layers.SpatialDropout2D(0.4, name="dropout")(conv)',
    ],
    "formula_selu": [
        'first = keras.layers.Dense(4, activation="selu", name="first")(x)',
        'second = keras.layers.Dense(4, activation="selu", name="second")(first)',
    ],
    "formula_leaky": [
        'second = keras.layers.Dense(4, activation="leaky_relu", name="second")(leaky_relu)',
    ],
    "formula_smooth": ["gelu = keras.activations.gelu(fourth, approximate=True)"],
    "formula_limits": [
        'second = keras.layers.Dense(4, activation="relu6", name="second")(first)',
        "out = keras.ops.clip(third, -1.0, 1.0)",
    ],
    "formula_vectors": ["maximum = keras.ops.maximum(sum_, 1e-12)"],
    "formula_softmax": ["softmax = keras.activations.softmax(logits)"],
    "image_area": ["resize_area_1_1 = resize_area(x, 9, 4, align_corners=True)"],
    "image_bicubic": ["resize_bicubic_2 = resize_bicubic(x, 11, 4, centers=True)"],
    "image_nearest": ["resize_nearest_neighbor_1 = resize_nearest(x, 7, 4)"],
}
