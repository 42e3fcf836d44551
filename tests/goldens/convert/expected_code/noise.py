"""Holds lines that the code of the graphs in `programs/noise.py` has."""

LINES = {
    "noise_branch": ['cond_add = keras.layers.GaussianNoise(0.3, name="cond_add")(tanh)'],
    "noise_chosen": ['add = keras.layers.GaussianNoise(0.2, name="add")(hidden)'],
    "noise_deviation": ['add = keras.layers.GaussianNoise(0.25, name="add")(hidden)'],
    "noise_keras": ['0.4, name="gaussian_noise_cond_add"'],
    "drop_vector": [
        'dropout = keras.layers.Dropout(0.4, name="dropout")(hidden)',
        'dropout_1 = keras.layers.Dropout(0.2, name="dropout_1")(hidden2)',
    ],
}
