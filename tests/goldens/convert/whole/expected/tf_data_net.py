"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    iterator_get_next = keras.Input(shape=(16, 3), name="IteratorGetNext")
    conv1 = keras.layers.Conv1D(
        8, 5, activation="leaky_relu", strides=2, padding="same", name="conv1"
    )(iterator_get_next)
    conv2 = keras.layers.Conv1D(12, 3, activation="relu6", name="conv2")(conv1)
    mean = keras.layers.GlobalAveragePooling1D(name="Mean")(conv2)
    logits = keras.layers.Dense(4, name="logits")(mean)
    model = keras.Model(iterator_get_next, logits)
    model.compile(
        optimizer=keras.optimizers.SGD(
            learning_rate=tf_recipes.exponential_decay(
                0.2, decay_steps=2, decay_rate=0.8, staircase=True
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
