"""An Estimator with a `model_fn`; the checkpoint is the one that it writes itself."""

import numpy as np
import tensorflow as tf

LOSS = "total_loss:0"
OUTPUTS = ["logits/BiasAdd:0"]
TRAIN = {}
EVAL = {}
STEPS_BEFORE = 7


def model_fn(features, labels, mode, params):
    net = tf.layers.dense(
        features["x"],
        params["units"],
        activation=tf.nn.relu,
        kernel_regularizer=tf.contrib.layers.l1_regularizer(0.003),
        name="hidden",
    )
    logits = tf.layers.dense(net, 3, name="logits")
    predictions = {"classes": tf.argmax(logits, axis=1), "probabilities": tf.nn.softmax(logits)}
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions=predictions)
    tf.losses.sparse_softmax_cross_entropy(labels, logits)
    loss = tf.losses.get_total_loss()
    if mode == tf.estimator.ModeKeys.EVAL:
        return tf.estimator.EstimatorSpec(mode, loss=loss)
    step = tf.train.get_global_step()
    train_op = tf.train.AdagradOptimizer(params["rate"]).minimize(loss, global_step=step)
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


def train(model_dir, arrays, steps, seed, session_config):
    """Trains, and returns the prefix of the checkpoint."""
    config = tf.estimator.RunConfig(
        model_dir, tf_random_seed=seed, session_config=session_config, save_summary_steps=None
    )
    estimator = tf.estimator.Estimator(model_fn, config=config, params={"units": 20, "rate": 0.1})

    def input_fn():
        features, labels = arrays["IteratorGetNext:0"], arrays["IteratorGetNext:1"]
        return tf.data.Dataset.from_tensor_slices(({"x": features}, labels)).repeat().batch(16)

    estimator.train(input_fn, steps=steps)
    return estimator.latest_checkpoint()


def feeds(rng):
    x = rng.randn(48, 14).astype("float32")
    return {"IteratorGetNext:0": x, "IteratorGetNext:1": np.int32(rng.randint(0, 3, 48))}
