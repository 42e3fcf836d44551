"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    images = keras.Input(shape=(8, 8, 3), name="images")
    conv2d = keras.layers.Conv2D(
        4,
        3,
        padding="same",
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.001),
        name="conv2d",
    )(images)
    pad_1 = keras.layers.ZeroPadding2D(1, name="Pad_1")(conv2d)
    conv2d_2 = keras.layers.Conv2D(
        6,
        3,
        strides=2,
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.001),
        name="conv2d_2",
    )(pad_1)
    batch_normalization_1 = tf_recipes.BatchNormalization(
        momentum=0.9, epsilon=1.001e-05, scale=True, name="batch_normalization_1"
    )(conv2d_2)
    relu = keras.activations.relu(batch_normalization_1)
    conv2d_3 = keras.layers.Conv2D(
        6,
        3,
        padding="same",
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.001),
        name="conv2d_3",
    )(relu)
    batch_normalization_2 = tf_recipes.BatchNormalization(
        momentum=0.9, epsilon=1.001e-05, scale=True, name="batch_normalization_2"
    )(conv2d_3)
    conv2d_1 = keras.layers.Conv2D(
        6,
        1,
        strides=2,
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.001),
        name="conv2d_1",
    )(conv2d)
    batch_normalization = tf_recipes.BatchNormalization(
        momentum=0.9, epsilon=1.001e-05, scale=True, name="batch_normalization"
    )(conv2d_1)
    add = batch_normalization_2 + batch_normalization
    relu_1 = keras.activations.relu(add)
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True, name="Mean")(relu_1)
    squeeze = keras.ops.squeeze(mean, axis=(1, 2))
    dense = keras.layers.Dense(
        5,
        kernel_regularizer=keras.regularizers.L2(0.001),
        bias_regularizer=keras.regularizers.L2(0.001),
        name="dense",
    )(squeeze)
    model = keras.Model(images, dense)
    model.compile(
        optimizer=tf_recipes.Momentum(
            learning_rate=keras.optimizers.schedules.PiecewiseConstantDecay(
                [2, 4], [0.1, 0.05, 0.01]
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
