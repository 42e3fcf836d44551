"""Builds and trains the chapter's final combination: a graph and its session loop."""

import collections

import tensorflow as tf

Graph = collections.namedtuple("Graph", "graph X y loss training_op logits variables")


def network(X, n_hidden1, n_hidden2, n_outputs, decay, keep_prob, is_training):
    """Builds the network: `X` (batch, inputs) -> logits (batch, n_outputs)."""
    fully_connected = tf.contrib.layers.fully_connected
    dropout = tf.contrib.layers.dropout
    he_init = tf.contrib.layers.variance_scaling_initializer()
    bn_params = {
        "scale": True,
        "is_training": is_training,
        "decay": decay,
        "updates_collections": None,
    }
    with tf.contrib.framework.arg_scope(
        [fully_connected],
        weights_initializer=he_init,
        normalizer_fn=tf.contrib.layers.batch_norm,
        normalizer_params=bn_params,
    ):
        X_drop = dropout(X, keep_prob, is_training=is_training)
        hidden1 = fully_connected(X_drop, n_hidden1, activation_fn=tf.nn.elu, scope="hidden1")
        hidden1_drop = dropout(hidden1, keep_prob, is_training=is_training)
        hidden2 = fully_connected(hidden1_drop, n_hidden2, activation_fn=tf.nn.elu, scope="hidden2")
        hidden2_drop = dropout(hidden2, keep_prob, is_training=is_training)
        return fully_connected(hidden2_drop, n_outputs, activation_fn=None, scope="outputs")


def best_practice(
    n_inputs=28 * 28,
    n_hidden1=300,
    n_hidden2=100,
    n_outputs=10,
    decay=0.99,
    keep_prob=0.9,
    learning_rate=0.05,
    momentum=0.9,
    decay_steps=2000,
    decay_rate=0.8,
    seed=0,
):
    """Builds the graph: a training tower and an evaluation tower over one set of variables."""
    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(seed)
        X = tf.placeholder(tf.float32, shape=(None, n_inputs), name="X")
        y = tf.placeholder(tf.int64, shape=(None,), name="y")
        units = n_hidden1, n_hidden2, n_outputs
        train_logits = network(X, *units, decay=decay, keep_prob=keep_prob, is_training=True)
        with tf.variable_scope(tf.get_variable_scope(), reuse=True):
            logits = network(X, *units, decay=decay, keep_prob=keep_prob, is_training=False)
        variables = collections.OrderedDict((v.op.name, v) for v in tf.global_variables())

        xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=train_logits)
        loss = tf.reduce_mean(xentropy, name="loss")
        global_step = tf.Variable(0, trainable=False, name="global_step")
        rate = tf.train.exponential_decay(learning_rate, global_step, decay_steps, decay_rate)
        optimizer = tf.train.MomentumOptimizer(rate, momentum=momentum, use_nesterov=True)
        training_op = optimizer.minimize(loss, global_step=global_step)
        return Graph(graph, X, y, loss, training_op, logits, variables)


def train(model, batches, initial=None, config=None):
    """Runs the session loop; returns the losses and the values of the variables.

    Args:
        model: the `Graph` that `best_practice` returns.
        batches: pairs of images (batch, inputs) and labels (batch,).
        initial: `{name: array}`, the initial values; None draws them from the initialisers.
        config: a `tf.ConfigProto`, or None.
    """
    losses = []
    with tf.Session(graph=model.graph, config=config) as sess:
        with model.graph.as_default():
            sess.run(tf.global_variables_initializer())
            for name, value in (initial or {}).items():
                sess.run(tf.assign(model.variables[name], value))
        for X_batch, y_batch in batches:
            feed_dict = {model.X: X_batch, model.y: y_batch}
            loss, _ = sess.run([model.loss, model.training_op], feed_dict=feed_dict)
            losses.append(loss)
        return losses, sess.run(model.variables)
