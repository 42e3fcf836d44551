"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


@keras.saving.register_keras_serializable(package="model")
def loss(y_true, y_pred):
    """Returns the loss of a batch."""
    square = keras.ops.square(keras.activations.relu(3.0 - keras.ops.sqrt(y_pred)))
    return keras.ops.mean((y_true * y_pred) + ((1.0 - y_true) * square))


def build():
    """Returns the model, with new weights."""
    left = keras.Input(shape=(12,), name="left")
    right = keras.Input(shape=(12,), name="right")
    tower_fc1_layer = keras.layers.Dense(20, activation="tanh", name="tower_fc1")
    tower_fc1 = tower_fc1_layer(left)
    tower_fc2_layer = keras.layers.Dense(6, name="tower_fc2")
    tower_fc2 = tower_fc2_layer(tower_fc1)
    tower_fc1_1 = tower_fc1_layer(right)
    tower_fc2_1 = tower_fc2_layer(tower_fc1_1)
    sub = tower_fc2 - tower_fc2_1
    square = keras.ops.square(sub)
    distance = keras.ops.sum(square, axis=1)
    model = keras.Model([left, right], distance)
    model.compile(
        optimizer=tf_recipes.Momentum(
            learning_rate=keras.optimizers.schedules.PolynomialDecay(
                0.02, decay_steps=8, end_learning_rate=0.002, power=1.0
            ),
            momentum=0.8,
            nesterov=True,
        ),
        loss=loss,
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
