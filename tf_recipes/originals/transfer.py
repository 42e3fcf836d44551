"""Transfers layers in TF1 code: a Saver over the first layers, then `minimize` with a `var_list`.

As a program: `python -m tf_recipes.originals.transfer JOB.npz RESULT.npz`. `main` describes the
job, `run` the result.
"""

import collections
import json
import os
import sys
import tempfile

import numpy as np
import tensorflow as tf

Graph = collections.namedtuple("Graph", "graph X y frozen all logits variables reuse_saver saver")
Training = collections.namedtuple("Training", "loss training_op")


def network(X, hidden, n_outputs, is_training, decay, frozen=0, frozen_is_training=False):
    """Builds the network: `X` (batch, inputs) -> logits (batch, n_outputs).

    In the first `frozen` layers `frozen_is_training` alone decides whether batch normalization uses
    the statistics of the batch and updates the moving averages. A `var_list` has no influence.
    """
    fully_connected = tf.contrib.layers.fully_connected
    outputs = X
    for k, units in enumerate(hidden, start=1):
        bn_params = {
            "scale": True,
            "is_training": is_training if k > frozen else frozen_is_training,
            "decay": decay,
            "updates_collections": None,
        }
        outputs = fully_connected(
            outputs,
            units,
            normalizer_fn=tf.contrib.layers.batch_norm,
            normalizer_params=bn_params,
            scope=f"hidden{k}",
        )
    return fully_connected(outputs, n_outputs, activation_fn=None, scope="outputs")


def transfer(
    n_inputs,
    hidden,
    n_outputs,
    reused,
    learning_rate=0.1,
    low_rate=0.01,
    momentum=0.9,
    decay=0.99,
    frozen_is_training=False,
):
    """Builds the graph: one set of variables, and ops that train the upper layers or all layers.

    With `reused` 0 it is the graph of a first task: no layer is restored or frozen.
    """
    graph = tf.Graph()
    with graph.as_default():
        X = tf.placeholder(tf.float32, shape=(None, n_inputs), name="X")
        y = tf.placeholder(tf.int64, shape=(None,), name="y")
        layers = hidden, n_outputs
        all_logits = network(X, *layers, is_training=True, decay=decay)
        with tf.variable_scope(tf.get_variable_scope(), reuse=True):
            frozen_logits = network(
                X,
                *layers,
                is_training=True,
                decay=decay,
                frozen=reused,
                frozen_is_training=frozen_is_training,
            )
            logits = network(X, *layers, is_training=False, decay=decay)

        # The variables are collected before the optimizers add their slots. GLOBAL_VARIABLES,
        # because TRAINABLE_VARIABLES lacks the moving averages. The scopes end with a slash,
        # because "hidden1" would match "hidden10", too.
        variables = collections.OrderedDict((v.op.name, v) for v in tf.global_variables())
        scope = "|".join(f"hidden{k + 1}/" for k in range(reused)) or "nothing"
        reuse_vars = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope=scope)
        reuse_vars = {v.op.name: v for v in reuse_vars}
        reuse_saver = tf.train.Saver(reuse_vars) if reused else None
        saver = tf.train.Saver(variables)

        train_vars = [v for v in tf.trainable_variables() if v.op.name not in reuse_vars]
        frozen = training(y, frozen_logits, learning_rate, momentum, train_vars)
        everything = training(y, all_logits, low_rate, momentum)
        return Graph(graph, X, y, frozen, everything, logits, variables, reuse_saver, saver)


def training(y, logits, learning_rate, momentum, var_list=None):
    """Returns the loss and the op of one training step, which has its own optimizer and slots."""
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(xentropy)
    optimizer = tf.train.MomentumOptimizer(learning_rate, momentum=momentum)
    # The loss is computed before the update.
    with tf.control_dependencies([loss]):
        return Training(loss, optimizer.minimize(loss, var_list=var_list))


def run(spec, images, labels, batches):
    """Trains a first task, restores its first layers for a second task, and trains that task.

    The second task is trained first with the restored layers frozen, then with all layers.

    Args:
        spec: dict with `n_source` and `n_target`, the numbers of classes, and the arguments of
            `transfer` except `n_inputs` and `n_outputs`.
        images: float32 (n, inputs).
        labels: dict with `source` and `target`, (n,) each.
        batches: dict with `source`, `frozen` and `all`, int (steps, batch) each: row numbers of the
            images.

    Returns:
        A dict of arrays: the variables `source/VAR` after the first task, `start/VAR` of the second
        task after the first layers are restored, `frozen/VAR` after frozen training, `all/VAR`
        after training of all layers; `losses` of the second task; `logits` of all images.
    """
    settings, widths = dict(spec), (images.shape[1], spec["hidden"])
    classes = settings.pop("n_source"), settings.pop("n_target")
    del settings["hidden"]
    result = {}

    def steps(sess, graph, stage, name):
        losses = []
        for rows in batches[name]:
            feed_dict = {
                graph.X: images[rows],
                graph.y: labels["source" if name == "source" else "target"][rows],
            }
            losses.append(sess.run([stage.loss, stage.training_op], feed_dict=feed_dict)[0])
        result.update({name + "/" + key: value for key, value in sess.run(graph.variables).items()})
        return losses

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "source.ckpt")
        source = transfer(*widths, classes[0], **dict(settings, reused=0))
        with tf.Session(graph=source.graph, config=one_thread()) as sess:
            initialise(sess, source)
            steps(sess, source, source.frozen, "source")  # with `reused` 0 no layer is frozen
            source.saver.save(sess, path, write_meta_graph=False)

        target = transfer(*widths, classes[1], **settings)
        with tf.Session(graph=target.graph, config=one_thread()) as sess:
            initialise(sess, target)
            target.reuse_saver.restore(sess, path)
            for name, value in sess.run(target.variables).items():
                result["start/" + name] = value
            losses = steps(sess, target, target.frozen, "frozen")
            losses += steps(sess, target, target.all, "all")
            result["losses"] = np.array(losses, np.float32)
            result["logits"] = sess.run(target.logits, {target.X: images})
    return result


def initialise(sess, model):
    """Initialises every variable."""
    with model.graph.as_default():
        sess.run(tf.global_variables_initializer())


def one_thread():
    """Returns the configuration of a session with one thread, whose sums repeat bit for bit."""
    return tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def main(job_path, result_path):
    """Reads a job, runs it and writes the result.

    Args:
        job_path: an `.npz` file with `spec` in JSON and the arrays `images`, `labels/NAME` and
            `batches/NAME`, see `run`.
        result_path: the `.npz` file to write.
    """
    with np.load(job_path, allow_pickle=False) as job:
        parts = {
            part: {key.split("/")[1]: job[key] for key in job.files if key.startswith(part + "/")}
            for part in ("labels", "batches")
        }
        arrays = run(json.loads(str(job["spec"])), job["images"], **parts)
    with open(result_path, "wb") as file:
        np.savez(file, version=tf.__version__, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
