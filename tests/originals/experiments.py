"""Runs the parts of each original, as TF1 code for Python 3.7 and for the adapter.

As a program, under TF 1.15: `python experiments.py OUT.npz`. Each experiment takes TensorFlow's
TF1 API and `original(name)`, which returns the original of that name. It returns arrays by name.
"""

import contextlib
import shutil
import sys
import tempfile

import numpy as np

EXPERIMENTS = {}
DATA = np.random.RandomState(1).randn(6, 5).astype("float32")


def experiment(function):
    EXPERIMENTS[function.__name__] = function
    return function


@contextlib.contextmanager
def session(tf):
    """Opens a session on a new graph."""
    with tf.Graph().as_default(), tf.Session() as sess:
        yield sess


def set_variables(tf, sess):
    """Initialises all variables, then gives weights, biases, betas and gammas fixed values."""
    sess.run(tf.global_variables_initializer())
    random = np.random.RandomState(2)
    for variable in sorted(tf.global_variables(), key=lambda v: v.op.name):
        if "moving_" not in variable.op.name:
            value = random.uniform(-1, 1, variable.shape.as_list())
            if not variable.op.name.endswith("weights"):
                value = np.abs(value) + 0.5  # keeps most units alive
            if variable.op.name == "outputs/biases":
                value = -2 * value  # shows that the output is linear
            sess.run(tf.assign(variable, value.astype("float32")))


def values(tf, sess):
    return sess.run({v.op.name: v for v in tf.global_variables()})


def forward(tf, network):
    """Returns the outputs of `network(X)` for the data, and its variables."""
    with session(tf) as sess:
        X = tf.placeholder(tf.float32, (None, 5))
        outputs = network(X)
        set_variables(tf, sess)
        return dict(values(tf, sess), outputs=sess.run(outputs, {X: DATA}), inputs=DATA)


@experiment
def activations(tf, original):
    module = original("activations")
    arrays = {}
    for name in ("elu_layer", "leaky_relu_layer"):
        layer = getattr(module, name)
        for key, value in forward(tf, lambda X, layer=layer: layer(X, 4, "hidden1")).items():
            arrays[name + "/" + key] = value
    with session(tf) as sess:
        named = module.leaky_relu(tf.constant([-2.0, 0.0, 3.0]), name="leaky")
        return dict(arrays, leaky_relu=sess.run(named), name=named.op.name)


@experiment
def dense(tf, original):
    return forward(tf, lambda X: original("dense").network(X, 4, 3, 2))


@experiment
def batch_norm(tf, original):
    module = original("batch_norm")
    arrays = {}
    for form in ("by_layer", "by_arg_scope"):
        network = getattr(module, form)
        with session(tf) as sess:
            X = tf.placeholder(tf.float32, (None, 5))
            y = tf.constant([0, 1, 0, 1, 1, 0])
            arguments = {"decay": 0.9, "scale": True}
            trained = network(X, 4, 3, 2, module.parameters(True, **arguments))
            with tf.variable_scope(tf.get_variable_scope(), reuse=True):
                evaluated = network(X, 4, 3, 2, module.parameters(False, **arguments))
            xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=trained)
            step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(xentropy))
            set_variables(tf, sess)
            before = values(tf, sess)
            arrays[form + "/trained"] = sess.run([trained, step], {X: DATA})[0]
            arrays[form + "/evaluated"] = sess.run(evaluated, {X: DATA})
            for stage, variables in (("before", before), ("after", values(tf, sess))):
                for name, value in variables.items():
                    arrays["/".join((form, stage, name))] = value
    return dict(arrays, inputs=DATA)


@experiment
def dropout(tf, original):
    module = original("dropout")
    arrays = {}
    with session(tf) as sess:
        tf.set_random_seed(3)
        ones = tf.ones((1000, 400))
        for keep_prob in (0.5, 0.8):
            training, evaluation = (module.dropout(ones, keep_prob, t) for t in (True, False))
            name = str(keep_prob)
            arrays["training/" + name], arrays["evaluation/" + name] = sess.run(
                [training, evaluation]
            )
    for is_training in (True, False):
        with session(tf):
            module.network(tf.placeholder(tf.float32, (None, 5)), 4, 3, 2, 0.5, is_training)
            ops = tf.get_default_graph().get_operations()
            kind = "training" if is_training else "evaluation"
            arrays["draws/" + kind] = sum(op.type == "GreaterEqual" for op in ops)
    evaluated = forward(tf, lambda X: module.network(X, 4, 3, 2, 0.5, False))
    return dict(arrays, **evaluated)


@experiment
def initializers(tf, original):
    module = original("initializers")
    with session(tf) as sess:
        tf.set_random_seed(4)
        shape = (784, 1000)
        he = sess.run(module.he_init()(shape, tf.float32))
        xavier = sess.run(module.xavier_init()(shape, tf.float32))
        module.layer(tf.placeholder(tf.float32, (None, 784)), 1000, "hidden1")
        sess.run(tf.global_variables_initializer())
        layer = values(tf, sess)
    return dict(layer, he=he, xavier=xavier)


@experiment
def max_norm(tf, original):
    module = original("max_norm")
    initializer = tf.constant_initializer([[3.0, 4.0], [0.3, 0.4]])
    arrays = {}
    for axes in (0, 1):
        for form in ("by_hand", "slot"):
            slot = module.max_norm_regularizer(1.0, axes, "clip", "clips")
            with session(tf) as sess:
                tf.contrib.layers.fully_connected(
                    tf.placeholder(tf.float32, (None, 2)),
                    2,
                    weights_initializer=initializer,
                    weights_regularizer=slot if form == "slot" else None,
                    scope="hidden1",
                )
                clip = tf.get_collection("clips")
                if form == "by_hand":
                    clip = module.clip_by_hand("hidden1", 1.0, axes)
                losses = len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
                sess.run(tf.global_variables_initializer())
                sess.run(clip)
                name = f"{form}/{axes}/"
                arrays[name + "weights"] = values(tf, sess)["hidden1/weights"]
                arrays[name + "losses"] = losses
    return arrays


@experiment
def regularization(tf, original):
    module = original("regularization")
    scales = {"none": {}, "l1": {"l1": 0.5}, "l2": {"l2": 0.25}, "l1_l2": {"l1": 0.5, "l2": 0.25}}
    arrays = {}
    for name, given in scales.items():
        with session(tf) as sess:
            tf.contrib.layers.fully_connected(
                tf.placeholder(tf.float32, (None, 2)),
                2,
                weights_initializer=tf.constant_initializer([[1.0, -2.0], [3.0, -4.0]]),
                weights_regularizer=module.regularizer(**given),
                scope="hidden1",
            )
            losses = [module.total_loss(tf.constant(2.0))]
            weights = tf.trainable_variables()[0]
            if name in ("l1", "l2"):
                by_hand = getattr(module, name + "_by_hand")
                losses.append(by_hand(tf.constant(2.0), weights, given[name]))
            sess.run(tf.global_variables_initializer())
            arrays[name] = np.array(sess.run(losses))
    return arrays


@experiment
def moving_averages(tf, original):
    module = original("moving_averages")
    arrays = {}
    for name in ("plain", "num_updates", "debiased"):
        with session(tf) as sess:
            weights = tf.get_variable("weights", initializer=tf.constant([1.0, -2.0, 0.3]))
            loss = tf.reduce_sum(weights * weights * [1.0, 0.5, 2.0]) / 4
            step = tf.train.get_or_create_global_step()
            train = tf.train.GradientDescentOptimizer(0.5).minimize(loss, step)
            if name == "debiased":
                train, [average] = module.debiased_averages(train, [weights], 0.9)
            else:
                count = step if name == "num_updates" else None
                train, averages = module.train_with_averages(train, 0.9, count)
                average = averages.average(weights)
            sess.run(tf.global_variables_initializer())
            found = [sess.run(average)]
            for _ in range(4):
                sess.run(train)
                found.append(sess.run(average))
            arrays.update({name: np.array(found), name + "/weights": sess.run(weights)})
            if name == "plain":
                path = tempfile.mkdtemp()
                tf.train.Saver().save(sess, path + "/model")
                module.saver_of_averages(averages).restore(sess, path + "/model")
                arrays["restored"] = sess.run(weights)
                shutil.rmtree(path)
    return arrays


@experiment
def embedding(tf, original):
    module = original("embedding")
    table = [[3.0, 4.0], [0.3, -0.4], [0.0, 0.0], [-1.0, 2.0]]
    arrays = {}
    for max_norm in (None, 1.0, 0.7):
        with session(tf) as sess:
            rows = module.lookup([[0, 1], [2, 3], [0, 3]], 4, 2, max_norm)
            [variable] = tf.global_variables()
            factors = np.arange(1.0, 13.0).reshape(3, 2, 2)
            [gradient] = tf.gradients(tf.reduce_sum(rows * factors), variable)
            sess.run(tf.global_variables_initializer())
            sess.run(tf.assign(variable, table))
            found = sess.run([rows, tf.convert_to_tensor(gradient)])
            arrays.update({f"rows/{max_norm}": found[0], f"gradient/{max_norm}": found[1]})
    return arrays


def main(path):
    """Runs every experiment on real TF 1.15."""
    import importlib

    import tensorflow as tf
    from training_runs import EXPERIMENTS as more

    def original(name):
        return importlib.import_module("tf_recipes.originals." + name)

    arrays = {"versions:tensorflow": tf.__version__}
    for name, run in dict(EXPERIMENTS, **more).items():
        for key, value in run(tf, original).items():
            arrays[name + ":" + key] = value
    with open(path, "wb") as file:
        np.savez(file, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
