"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    conv_input = keras.Input(shape=(10, 4), name="conv_input")
    conv = keras.layers.Conv1D(6, 3, activation="relu", name="conv")(conv_input)
    norm = keras.layers.BatchNormalization(momentum=0.9, name="norm")(conv)
    pool = keras.layers.MaxPooling1D(2, name="pool")(norm)
    flatten = keras.layers.Flatten(name="flatten")(pool)
    dropout = keras.layers.Dropout(0.25, name="dropout")(flatten)
    classes = keras.layers.Dense(3, name="classes")(dropout)
    softmax = keras.activations.softmax(classes)
    model = keras.Model(conv_input, [softmax, classes])
    model.compile(
        optimizer=tf_recipes.Adam(0.01, epsilon=1e-07),
        loss=[None, keras.losses.SparseCategoricalCrossentropy(from_logits=True)],
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
