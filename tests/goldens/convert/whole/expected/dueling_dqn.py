"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    s = keras.Input(shape=(6,), name="s")
    eval_net_l1 = keras.layers.Dense(12, activation="relu", name="eval_net_l1")(s)
    eval_net_value = keras.layers.Dense(1, name="eval_net_Value")(eval_net_l1)
    eval_net_advantage = keras.layers.Dense(4, name="eval_net_Advantage")(eval_net_l1)
    mean = keras.ops.mean(eval_net_advantage, axis=1, keepdims=True)
    sub = eval_net_advantage - mean
    add = eval_net_value + sub
    model = keras.Model(s, add)
    model.compile(
        optimizer=tf_recipes.RMSProp(0.005, rho=0.9),
        loss=keras.losses.MeanSquaredError(),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
