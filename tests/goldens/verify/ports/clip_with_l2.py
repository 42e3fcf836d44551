"""Ports the clipping of the whole gradient; `before=True` clips the gradient of the data alone."""

import keras
import tensorflow as tf
from keras import layers

import tf_recipes


class ClippedDataModel(keras.Model):
    """Clips the gradient of the data, and adds that of the penalties afterwards."""

    def train_step(self, data):
        """Takes one step and returns the loss."""
        x, y = data
        with tf.GradientTape(persistent=True) as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
            penalty = tf.add_n(self.losses)
            of_data = loss - penalty
        weights = [each.value for each in self.trainable_variables]
        gradients, _ = tf.clip_by_global_norm(tape.gradient(of_data, weights), 0.5)
        more = tape.gradient(penalty, weights, unconnected_gradients="zero")
        summed = [one + other for one, other in zip(gradients, more, strict=True)]
        self.optimizer.apply(summed, self.trainable_variables)
        return {"loss": loss}


def build(before=False, scale=0.3):
    """Returns the compiled model."""
    regularizer = tf_recipes.l2_regularizer(scale)
    inputs = keras.Input((9,), name="x")
    net = layers.Dense(14, "relu", kernel_regularizer=regularizer, name="hidden")(inputs)
    scores = layers.Dense(3, kernel_regularizer=regularizer, name="scores")(net)
    model = (ClippedDataModel if before else keras.Model)(inputs, scores)
    clip = {} if before else {"global_clipnorm": 0.5}
    model.compile(
        optimizer=tf_recipes.GradientDescent(0.2, **clip),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
