"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(20,), name="X")
    hidden1 = keras.layers.Dense(24, use_bias=False, name="hidden1")(x)
    hidden1_batch_norm = tf_recipes.BatchNormalization(
        momentum=0.9, name="hidden1_BatchNorm"
    )(hidden1)
    elu = keras.activations.elu(hidden1_batch_norm)
    hidden2 = keras.layers.Dense(12, use_bias=False, name="hidden2")(elu)
    hidden2_batch_norm = tf_recipes.BatchNormalization(
        momentum=0.9, name="hidden2_BatchNorm"
    )(hidden2)
    elu_1 = keras.activations.elu(hidden2_batch_norm)
    outputs = keras.layers.Dense(5, name="outputs")(elu_1)
    model = keras.Model(x, outputs)
    model.compile(
        optimizer=tf_recipes.Momentum(
            learning_rate=tf_recipes.exponential_decay(
                0.1, decay_steps=3, decay_rate=0.5
            ),
            momentum=0.9,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
