"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    images = keras.Input(shape=(9, 9, 2), name="images")
    net_conv1 = keras.layers.Conv2D(
        8,
        3,
        activation="elu",
        strides=2,
        padding="same",
        kernel_regularizer=keras.regularizers.L2(0.01),
        name="net_conv1",
    )(images)
    net_pool1 = keras.layers.MaxPooling2D(2, name="net_pool1")(net_conv1)
    net_flatten_flatten = keras.layers.Flatten(name="net_flatten_flatten")(net_pool1)
    net_fc1 = keras.layers.Dense(
        16,
        activation="elu",
        kernel_regularizer=keras.regularizers.L2(0.01),
        name="net_fc1",
    )(net_flatten_flatten)
    net_logits = keras.layers.Dense(
        4, kernel_regularizer=keras.regularizers.L2(0.01), name="net_logits"
    )(net_fc1)
    model = keras.Model(images, net_logits)
    model.compile(
        optimizer=tf_recipes.RMSProp(0.003, rho=0.9),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
