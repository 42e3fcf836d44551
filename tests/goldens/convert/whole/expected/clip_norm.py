"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    features = keras.Input(shape=(12,), name="features")
    layer1 = keras.layers.Dense(16, activation="selu", name="layer1")(features)
    layer2 = keras.layers.Dense(8, activation="sigmoid", name="layer2")(layer1)
    margin = keras.layers.Dense(1, name="margin")(layer2)
    model = keras.Model(features, margin)
    model.compile(
        optimizer=tf_recipes.RMSProp(0.01, rho=0.8, momentum=0.3, clipnorm=0.05),
        loss=keras.losses.Hinge(),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
