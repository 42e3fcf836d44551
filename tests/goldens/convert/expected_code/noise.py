LINES = {
    "noise_branch": ['keras.layers.GaussianNoise(0.3, name="cond_add")(', "xx"],
    "noise_chosen": ["xx"],
    "noise_deviation": ["xx"],
    "noise_keras": ["xx"],
    "drop_vector": ["xx"],
}
