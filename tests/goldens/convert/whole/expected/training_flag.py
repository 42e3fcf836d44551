"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(8, 8, 2), name="x")
    conv1 = keras.layers.Conv2D(
        8, 3, strides=2, padding="same", use_bias=False, name="conv1"
    )(x)
    conv1_batch_norm = tf_recipes.BatchNormalization(
        momentum=0.95, epsilon=0.01, scale=True, name="conv1_BatchNorm"
    )(conv1)
    relu = keras.activations.relu(conv1_batch_norm)
    conv2 = keras.layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv2")(
        relu
    )
    conv2_batch_norm = tf_recipes.BatchNormalization(
        momentum=0.95, epsilon=0.01, scale=True, name="conv2_BatchNorm"
    )(conv2)
    relu_1 = keras.activations.relu(conv2_batch_norm)
    pool = keras.layers.AveragePooling2D(2, name="pool")(relu_1)
    flatten_flatten = keras.layers.Flatten(name="Flatten_flatten")(pool)
    logits = keras.layers.Dense(4, name="logits")(flatten_flatten)
    model = keras.Model(x, logits)
    model.compile(
        optimizer=tf_recipes.Momentum(
            learning_rate=keras.optimizers.schedules.PiecewiseConstantDecay(
                [1, 3], [0.1, 0.05, 0.01]
            ),
            momentum=0.9,
            nesterov=True,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
