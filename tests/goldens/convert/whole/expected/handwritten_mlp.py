"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(16,), name="x")
    w1 = keras.layers.Dense(
        32, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01), name="W1"
    )(x)
    dropout = keras.layers.Dropout(0.25, name="dropout")(w1)
    w2 = keras.layers.Dense(
        16, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01), name="W2"
    )(dropout)
    dropout_1 = keras.layers.Dropout(0.25, name="dropout_1")(w2)
    w3 = keras.layers.Dense(
        4, kernel_regularizer=keras.regularizers.L2(0.01), name="W3"
    )(dropout_1)
    model = keras.Model(x, w3)
    model.compile(
        optimizer=keras.optimizers.SGD(
            learning_rate=keras.optimizers.schedules.PolynomialDecay(
                0.2, decay_steps=5, end_learning_rate=0.01, power=2.0
            ),
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
