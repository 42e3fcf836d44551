"""Ports the convolutions by hand; the layers have names of their own."""

import keras
from keras import layers

import tf_recipes


def build(
    pool_padding="same", symmetric=False, use_bias=True, accumulator=0.5, label_smoothing=0.0
):
    """Returns the compiled model; `symmetric` pads all sides, as SAME does not with a stride."""
    stem = layers.Conv2D(
        6,
        3,
        strides=2,
        padding="valid" if symmetric else "same",
        activation="relu",
        bias_initializer=keras.initializers.Constant(0.1),
        name="stem",
    )
    model = keras.Sequential(
        [
            keras.Input((64,), name="x"),
            layers.Reshape((8, 8, 1)),
            *([layers.ZeroPadding2D(1)] if symmetric else []),
            stem,
            layers.MaxPooling2D(2, strides=1, padding=pool_padding),
            layers.Conv2D(
                8,
                3,
                strides=2,
                padding="same",
                activation="relu",
                use_bias=use_bias,
                bias_initializer=keras.initializers.Constant(0.1),
                name="block",
            ),
            layers.Flatten(),
            layers.Dense(5, name="classifier"),
        ]
    )
    model.compile(
        optimizer=tf_recipes.Adagrad(0.05, initial_accumulator_value=accumulator),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=label_smoothing
        ),
    )
    return model
