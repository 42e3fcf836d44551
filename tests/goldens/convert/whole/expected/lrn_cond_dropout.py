"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def local_response_normalization(x, depth_radius, bias, alpha, beta):
    """Divides each entry by a power of the sum of its neighbours' squares, along the last axis."""
    channels, ends = x.shape[-1], (depth_radius, depth_radius)
    squares = keras.ops.pad(keras.ops.square(x), ((0, 0), (0, 0), (0, 0), ends))
    sums = sum(squares[..., k : k + channels] for k in range(2 * depth_radius + 1))
    return x / (bias + alpha * sums) ** beta


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(9, 9, 3), name="x")
    conv1 = keras.layers.Conv2D(
        8, 3, activation="relu", strides=2, padding="same", name="conv1"
    )(x)
    norm1 = local_response_normalization(
        conv1, depth_radius=2, bias=1.0, alpha=0.02, beta=0.75
    )
    pool1 = keras.layers.MaxPooling2D(3, strides=2, name="pool1")(norm1)
    reshape = keras.layers.Flatten(name="Reshape")(pool1)
    fc1 = keras.layers.Dense(10, activation="relu", name="fc1")(reshape)
    dropout = keras.layers.Dropout(0.5, name="dropout")(fc1)
    fc2 = keras.layers.Dense(4, name="fc2")(dropout)
    model = keras.Model(x, fc2)
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
