"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    images = keras.Input(shape=(8, 8, 1), name="images")
    conv1 = keras.layers.Conv2D(6, 3, activation="relu", padding="same", name="conv1")(
        images
    )
    pool1 = keras.layers.MaxPooling2D(2, name="pool1")(conv1)
    conv2 = keras.layers.Conv2D(8, 3, activation="relu", name="conv2")(pool1)
    flatten = keras.layers.Flatten(name="flatten")(conv2)
    fc1 = keras.layers.Dense(16, activation="relu", name="fc1")(flatten)
    dropout = keras.layers.Dropout(0.4, name="dropout")(fc1)
    logits = keras.layers.Dense(5, name="logits")(dropout)
    model = keras.Model(images, logits)
    model.compile(
        optimizer=tf_recipes.Adam(0.005),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
