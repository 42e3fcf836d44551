"""Ports the clipping of each gradient in a training step of the model's own."""

import keras
import tensorflow as tf
from keras import layers

import tf_recipes


class ClippedModel(keras.Model):
    """Clips each gradient by its own norm before the optimizer sees it."""

    clip_norm = 0.05
    parts = 1  # of a batch, whose gradients are clipped before their mean is taken

    def clipped(self, x, y):
        """Returns the loss of some rows, and the gradients after the clipping."""
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        if self.clip_norm is not None:
            gradients = [tf_recipes.clip_by_norm(each, self.clip_norm) for each in gradients]
        return loss, gradients

    def train_step(self, data):
        """Takes one step and returns the metrics."""
        split = zip(*(tf.split(each, self.parts) for each in data), strict=True)
        losses, gradients = zip(*(self.clipped(x, y) for x, y in split), strict=True)
        loss = tf.add_n(losses) / self.parts
        means = [tf.add_n(each) / self.parts for each in zip(*gradients, strict=True)]
        self.optimizer.apply(means, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
        return {metric.name: metric.result() for metric in self.metrics}


def build(
    clip_norm=0.05, clip_with=None, parts=1, optimizer=tf_recipes.RMSProp, momentum=0.3, rho=0.8
):
    """Returns the compiled model; `clip_with` has other clipping arguments, of the optimizer."""
    inputs = keras.Input((12,), name="features")
    net = layers.Dense(16, activation="selu", name="a")(inputs)
    net = layers.Dense(8, activation="sigmoid", name="b")(net)
    model = ClippedModel(inputs, layers.Dense(1, name="c")(net))
    model.clip_norm, model.parts = clip_norm, parts
    model.compile(
        optimizer=optimizer(0.01, rho=rho, momentum=momentum, **(clip_with or {})),
        loss=keras.losses.Hinge(),
    )
    return model
