"""Ports the slim net: each kernel has its own regularizer."""

import keras
from keras import layers

import tf_recipes


def build(
    regularizer=tf_recipes.l2_regularizer,
    unregularized=(),
    padding="same",
    optimizer=tf_recipes.RMSProp,
):
    """Returns the compiled model; layers named in `unregularized` have no weight decay."""

    def decay(name):
        return None if name in unregularized else regularizer(0.02)

    images = keras.Input((9, 9, 2), name="images")
    net = layers.Conv2D(
        8,
        3,
        strides=2,
        padding=padding,
        activation="elu",
        kernel_regularizer=decay("conv1"),
        name="conv1",
    )(images)
    # 5 rows without padding, 4 with "valid": pooled, both have 2
    net = layers.MaxPooling2D(2, name="pool1")(net)
    net = layers.Flatten(name="flatten")(net)
    net = layers.Dense(16, activation="elu", kernel_regularizer=decay("fc1"), name="fc1")(net)
    logits = layers.Dense(4, kernel_regularizer=decay("logits"), name="logits")(net)
    model = keras.Model(images, logits, name="net")
    model.compile(
        optimizer=optimizer(0.003, rho=0.9),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    return model
