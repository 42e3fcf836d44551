"""Compiled models of TF 1.15's own Keras, with the step that `fit` runs."""

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(10)
X = RNG.randn(12, 5).astype("float32")


def _compiled(inputs, outputs, optimizer, **compiled):
    """Returns a model and the operation that a step of `fit` runs."""
    model = tf.keras.Model(inputs, outputs)
    model.compile(optimizer, **compiled)
    model._make_train_function()
    # `fit` leaves no note of its operation in the graph
    return model, model.train_function.updates_op.name


def keras_classes():
    """Softmax cross entropy with a metric, momentum, decay of the rate and an L2 penalty."""
    x = tf.keras.Input([5], name="x")
    l2 = tf.keras.regularizers.l2(0.02)
    hidden = tf.keras.layers.Dense(4, "tanh", kernel_regularizer=l2, name="hidden")(x)
    out = tf.keras.layers.Dense(3, "softmax", name="out")(hidden)
    optimizer = tf.keras.optimizers.SGD(0.1, momentum=0.9, decay=0.01)
    model, step = _compiled(
        x, out, optimizer, loss="categorical_crossentropy", metrics=["accuracy"]
    )
    return {
        "rows": {"x:0": X, "out_target:0": np.eye(3, dtype="float32")[RNG.randint(0, 3, 12)]},
        "outputs": ["out/BiasAdd:0"],
        "loss": model.total_loss.name,
        "step": step,
    }


def keras_two_outputs():
    """Two outputs, of which one has no loss, and a Huber loss with a weight."""
    x = tf.keras.Input([5], name="x")
    hidden = tf.keras.layers.Dense(4, "relu", name="hidden")(x)
    model, step = _compiled(
        x,
        [tf.keras.layers.Dense(1, name="out")(hidden), hidden],
        tf.keras.optimizers.Adam(0.01),
        loss=[tf.keras.losses.Huber(), None],
        loss_weights=[0.5, 1.0],
    )
    return {
        "rows": {"x:0": X, "out_target:0": RNG.randn(12, 1).astype("float32")},
        "outputs": ["out/BiasAdd:0", "hidden/Relu:0"],
        "loss": model.total_loss.name,
        "step": step,
    }


CASES = {"keras_classes": keras_classes, "keras_two_outputs": keras_two_outputs}
