"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(15,), name="X")
    dnn_hidden1_weights = keras.layers.Dense(24, name="dnn_hidden1_weights")(x)
    dnn_hidden1 = keras.layers.LeakyReLU(negative_slope=0.01, name="dnn_hidden1")(
        dnn_hidden1_weights
    )
    dnn_hidden2_weights = keras.layers.Dense(12, name="dnn_hidden2_weights")(
        dnn_hidden1
    )
    dnn_hidden2 = keras.layers.LeakyReLU(negative_slope=0.01, name="dnn_hidden2")(
        dnn_hidden2_weights
    )
    dnn_outputs = keras.layers.Dense(6, name="dnn_outputs")(dnn_hidden2)
    model = keras.Model(x, dnn_outputs)
    model.compile(
        optimizer=tf_recipes.Momentum(0.02, momentum=0.9, clipvalue=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="sum"
        ),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
