"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


@keras.saving.register_keras_serializable(package="model")
def loss(y_true, y_pred):
    """Returns the loss of a batch."""
    mul_1 = (1.0 - y_true) * keras.ops.square(keras.activations.relu(y_pred - 0.2))
    return keras.ops.mean((y_true * keras.ops.square(1.0 - y_pred)) + mul_1)


def build():
    """Returns the model, with new weights."""
    left = keras.Input(shape=(10,), name="left")
    right = keras.Input(shape=(10,), name="right")
    tower_fc1_layer = keras.layers.Dense(12, activation="tanh", name="tower_fc1")
    tower_fc1 = tower_fc1_layer(left)
    tower_fc2_layer = keras.layers.Dense(6, name="tower_fc2")
    tower_fc2 = tower_fc2_layer(tower_fc1)
    square = keras.ops.square(tower_fc2)
    sum_ = keras.ops.sum(square, axis=1, keepdims=True)
    maximum = keras.ops.maximum(sum_, 1e-12)
    rsqrt = keras.ops.rsqrt(maximum)
    l2_normalize = tower_fc2 * rsqrt
    tower_fc1_1 = tower_fc1_layer(right)
    tower_fc2_1 = tower_fc2_layer(tower_fc1_1)
    square_1 = keras.ops.square(tower_fc2_1)
    sum_1 = keras.ops.sum(square_1, axis=1, keepdims=True)
    maximum_1 = keras.ops.maximum(sum_1, 1e-12)
    rsqrt_1 = keras.ops.rsqrt(maximum_1)
    l2_normalize_1 = tower_fc2_1 * rsqrt_1
    mul = l2_normalize * l2_normalize_1
    similarity = keras.ops.sum(mul, axis=1)
    model = keras.Model([left, right], similarity)
    model.compile(
        optimizer=tf_recipes.Adagrad(
            learning_rate=keras.optimizers.schedules.PolynomialDecay(
                0.2, decay_steps=10, end_learning_rate=0.01, power=1.0
            ),
        ),
        loss=loss,
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
