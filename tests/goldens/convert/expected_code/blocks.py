"""Holds lines that the code of the graphs in `programs/blocks.py` has."""

LINES = {
    "block_activations": ["mul = alpha * minimum", "max_ = keras.ops.max(max_out, axis=-1)"],
    "block_additive_attention": [
        'u_omega = keras.layers.Dense(1, use_bias=False, name="u_omega")(w_omega)',
        "mul = x * expand_dims",
    ],
    "block_batch_renorm": ['norm = keras.layers.BatchNormalization(name="norm")(dense)'],
    "block_mobile_net": ["add = conv_project_batch_norm + relu6_2"],
    "block_norms": [
        'layer = keras.layers.GroupNormalization(groups=1, epsilon=1e-12, name="layer")(conv)',
        'group = keras.layers.GroupNormalization(groups=2, epsilon=1e-06, name="group")(conv)',
    ],
    "block_residual": ['pad_1 = keras.layers.ZeroPadding2D(1, name="Pad_1")(relu_1)'],
    "block_shuffle": ["depth_to_space = keras.ops.depth_to_space(reshape_1, 2)"],
    "block_squeeze_excite": ["mul = expand * conv"],
    "block_u_net": ["slice_ = w1[:, 1:5, 1:5]"],
}
