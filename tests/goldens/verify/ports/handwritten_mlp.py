"""Ports the matrix products by hand; the layers have names of their own."""

import keras
from keras import layers

import tf_recipes


def build(
    dropout=tf_recipes.Dropout,
    keep_prob=0.75,
    scale=0.02,
    regularizer=tf_recipes.l2_regularizer,
    bias_scale=None,
    power=2.0,
    weight_decay=None,
):
    """Returns the compiled model."""
    bias = None if bias_scale is None else regularizer(bias_scale)

    def dense(units, **named):
        return layers.Dense(
            units,
            kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.3),
            bias_initializer=keras.initializers.Constant(0.1),
            kernel_regularizer=None if scale is None else regularizer(scale),
            bias_regularizer=bias,
            **named,
        )

    inputs = keras.Input((16,), name="x")
    net = dense(32, activation="relu", name="wide")(inputs)
    net = dropout(keep_prob, name="drop_wide")(net)
    net = dense(16, activation="relu", name="narrow")(net)
    net = dropout(keep_prob, name="drop_narrow")(net)
    model = keras.Model(inputs, dense(4, name="scores")(net))
    rate = keras.optimizers.schedules.PolynomialDecay(
        0.2, decay_steps=5, end_learning_rate=0.01, power=power
    )
    model.compile(
        optimizer=tf_recipes.GradientDescent(rate, weight_decay=weight_decay),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


class UnscaledDropout(tf_recipes.Dropout):
    """Zeroes elements as dropout does, but does not divide by `keep_prob`."""

    def call(self, inputs, training=False):
        """Returns the kept inputs in training, all inputs in evaluation."""
        if not training:
            return inputs
        return inputs * keras.ops.cast(self.draw_mask(inputs), inputs.dtype)
