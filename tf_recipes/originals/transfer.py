"""Transfer as TF1 wrote it: a Saver over the first layers, then `minimize` with a `var_list`.

As a program: `python -m tf_recipes.originals.transfer JOB.npz RESULT.npz`; `run` says what is in
the two.
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
    """`X` (batch, inputs) -> logits (batch, n_outputs).

    Whether the first `frozen` layers normalise with the batch and move their averages is for
    `frozen_is_training` alone to say: a `var_list` has no part in it.
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
    """The graph: one set of variables, and what trains the upper layers or all of them.

    With `reused` 0 it is that of a first task: nothing is restored or frozen.
    """
    graph = tf.Graph()
    with graph.as_default():
        X = tf.placeholder(tf.float32, shape=(None, n_inputs), name="X")
        y = tf.placeholder(tf.int64, shape=(None,), name="y")
        shared = hidden, n_outputs
        all_logits = network(X, *shared, is_training=True, decay=decay)
        with tf.variable_scope(tf.get_variable_scope(), reuse=True):
            frozen_logits = network(
                X,
                *shared,
                is_training=True,
                decay=decay,
                frozen=reused,
                frozen_is_training=frozen_is_training,
            )
            logits = network(X, *shared, is_training=False, decay=decay)

        # Before the optimizers add their slots. GLOBAL_VARIABLES, because TRAINABLE_VARIABLES lacks
        # the moving averages; with the slash, because "hidden1" finds "hidden10", too.
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
    """The loss, and the op of one training step, with an optimizer and slots of its own."""
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(xentropy)
    optimizer = tf.train.MomentumOptimizer(learning_rate, momentum=momentum)
    # The loss is read before the update.
    with tf.control_dependencies([loss]):
        return Training(loss, optimizer.minimize(loss, var_list=var_list))


def run(spec, images, labels, batches):
    """A first task, its first layers restored for a second one, frozen training, then all of it.

    Args:
        spec: dict: `n_source`, `n_target` (classes), and the arguments of `transfer` that are
            neither `n_inputs` nor `n_outputs`.
        images: float32 (n, inputs).
        labels: dict: `source` and `target`, (n,) each.
        batches: dict: `source`, `frozen` and `all`, int (steps, batch) each: rows of the images.

    Returns:
        A dict with the arrays `source/VAR` after the first task, `start/VAR` of the second with
        what was restored, `frozen/VAR`, `all/VAR`, `losses`, and `logits` of all images.
    """
    shared, sizes = dict(spec), (images.shape[1], spec["hidden"])
    classes = shared.pop("n_source"), shared.pop("n_target")
    del shared["hidden"]
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
        source = transfer(*sizes, classes[0], **dict(shared, reused=0))
        with tf.Session(graph=source.graph, config=one_thread()) as sess:
            initialise(sess, source)
            steps(sess, source, source.frozen, "source")  # none of its layers is frozen
            source.saver.save(sess, path, write_meta_graph=False)

        target = transfer(*sizes, classes[1], **shared)
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
    """Gives every variable its first value."""
    with model.graph.as_default():
        sess.run(tf.global_variables_initializer())


def one_thread():
    """A session that adds in one order only, so that a second run gives the same bits."""
    return tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def main(job_path, result_path):
    """Reads a job, `spec` in JSON and the arrays `images`, `labels/NAME` and `batches/NAME`."""
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
