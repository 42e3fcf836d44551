"""Programs of TF1 whose losses take more than predictions and their labels."""

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(9)
X = RNG.randn(12, 5).astype("float32")


def two_nets():
    """Q-learning with a second net, which the step does not train, and an action for each row."""
    s = tf.placeholder(tf.float32, [None, 5], name="s")
    s_next = tf.placeholder(tf.float32, [None, 5], name="s_next")
    action = tf.placeholder(tf.int32, [None], name="action")
    reward = tf.placeholder(tf.float32, [None], name="reward")
    with tf.variable_scope("eval_net"):
        q_eval = tf.layers.dense(tf.layers.dense(s, 4, tf.nn.relu, name="hidden"), 3, name="q")
    with tf.variable_scope("target_net"):
        hidden = tf.layers.dense(s_next, 4, tf.nn.relu, name="hidden")
        q_next = tf.layers.dense(hidden, 3, name="q")
    goal = tf.stop_gradient(reward + 0.9 * tf.reduce_max(q_next, axis=1))
    picked = tf.reduce_sum(q_eval * tf.one_hot(action, 3), axis=1)
    loss = tf.reduce_mean(tf.squared_difference(goal, picked))
    variables = tf.trainable_variables("eval_net")
    tf.train.RMSPropOptimizer(0.01).minimize(loss, var_list=variables)
    return {
        "rows": {
            "s:0": X,
            "s_next:0": X[::-1],
            "action:0": RNG.randint(0, 3, 12).astype("int32"),
            "reward:0": RNG.randn(12).astype("float32"),
        },
        "outputs": ["eval_net/q/BiasAdd:0"],
        "loss": loss.name,
    }


def hidden_units():
    """Softmax cross entropy, small hidden units, and an L2 penalty of the kernels."""
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    l2 = tf.contrib.layers.l2_regularizer(0.01)
    hidden = tf.layers.dense(x, 4, tf.nn.tanh, name="hidden", kernel_regularizer=l2)
    out = tf.layers.dense(hidden, 3, name="out", kernel_regularizer=l2)
    loss = tf.losses.sparse_softmax_cross_entropy(y, out)
    loss += 0.1 * tf.reduce_mean(tf.abs(hidden)) + tf.losses.get_regularization_loss()
    tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    return {
        "rows": {"x:0": X, "y:0": RNG.randint(0, 3, 12)},
        "outputs": ["out/BiasAdd:0"],
        "loss": loss.name,
    }


def lengths_and_tags():
    """A tagger whose loss leaves out what lies behind the end of each sentence."""
    words = tf.placeholder(tf.int32, [None, 4], name="words")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    tags = tf.placeholder(tf.int32, [None, 4], name="tags")
    table = tf.get_variable("table", [6, 3])
    embedded = tf.nn.embedding_lookup(table, words)
    cell = tf.nn.rnn_cell.GRUCell(2)
    outputs, _ = tf.nn.dynamic_rnn(cell, embedded, lengths, dtype=tf.float32)
    logits = tf.layers.dense(outputs, 3, name="out")
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tags, logits=logits)
    mask = tf.sequence_mask(lengths, 4, tf.float32)
    loss = tf.reduce_sum(entropy * mask) / tf.reduce_sum(mask)
    tf.train.AdamOptimizer(0.01).minimize(loss)
    return {
        "rows": {
            "words:0": RNG.randint(0, 6, (12, 4)).astype("int32"),
            "lengths:0": RNG.randint(1, 5, 12).astype("int32"),
            "tags:0": RNG.randint(0, 3, (12, 4)).astype("int32"),
        },
        "outputs": ["out/BiasAdd:0"],
        "loss": loss.name,
    }


def tags_of_any_length():
    """A tagger of series of any length, whose loss takes the entries that a mask chooses."""
    words = tf.placeholder(tf.int32, [None, None], name="words")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    tags = tf.placeholder(tf.int32, [None, None], name="tags")
    embedded = tf.nn.embedding_lookup(tf.get_variable("table", [6, 3]), words)
    logits = tf.layers.dense(embedded, 3, name="out")
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tags, logits=logits)
    mask = tf.sequence_mask(lengths)
    loss = tf.reduce_mean(tf.boolean_mask(entropy, mask))
    tf.train.AdamOptimizer(0.01).minimize(loss)
    return {
        "rows": {
            "words:0": RNG.randint(0, 6, (12, 4)).astype("int32"),
            "lengths:0": np.array([4, 1, 2, 3, 4, 2, 3, 4, 1, 2, 4, 3], "int32"),
            "tags:0": RNG.randint(0, 3, (12, 4)).astype("int32"),
        },
        "outputs": ["out/BiasAdd:0"],
        "loss": loss.name,
    }


def _policy(use_resource):
    """A policy whose actions have a deviation of their own, and a value."""
    state = tf.placeholder(tf.float32, [None, 5], name="state")
    action = tf.placeholder(tf.float32, [None, 2], name="action")
    advantage = tf.placeholder(tf.float32, [None], name="advantage")
    returned = tf.placeholder(tf.float32, [None, 1], name="returned")
    mean = tf.layers.dense(tf.layers.dense(state, 4, tf.nn.tanh, name="hidden"), 2, name="mean")
    value = tf.layers.dense(state, 1, name="value")
    log_std = tf.get_variable(
        "log_std", [1, 2], initializer=tf.constant_initializer(-0.5), use_resource=use_resource
    )
    shift = (action - mean) / tf.exp(log_std)
    log_prob = -tf.reduce_sum(0.5 * tf.square(shift) + log_std + 0.5 * np.log(2 * np.pi), 1)
    entropy = tf.reduce_sum(log_std + 0.5 * np.log(2 * np.pi * np.e))
    loss = -tf.reduce_mean(log_prob * advantage) - 0.01 * entropy
    loss += 0.5 * tf.reduce_mean(tf.square(returned - value))
    tf.train.AdamOptimizer(0.01).minimize(loss)
    return {
        "rows": {
            "state:0": X,
            "action:0": RNG.randn(12, 2).astype("float32"),
            "advantage:0": RNG.randn(12).astype("float32"),
            "returned:0": RNG.randn(12, 1).astype("float32"),
        },
        "outputs": ["mean/BiasAdd:0", "value/BiasAdd:0"],
        "loss": loss.name,
    }


def policy():
    """The deviation is a variable that the loss alone takes, read once."""
    return _policy(False)


def policy_of_resources():
    """The same, read wherever it is used."""
    return _policy(True)


def _nets():
    """Returns the losses of a discriminator and of a generator."""
    noise = tf.placeholder(tf.float32, [None, 2], name="noise")
    real = tf.placeholder(tf.float32, [None, 5], name="real")

    def judged(x):
        with tf.variable_scope("judge", reuse=tf.AUTO_REUSE):
            return tf.layers.dense(tf.layers.dense(x, 4, tf.nn.tanh, name="hidden"), 1, name="out")

    with tf.variable_scope("maker"):
        hidden = tf.layers.dense(noise, 4, use_bias=False, name="hidden")
        hidden = tf.nn.relu(tf.layers.batch_normalization(hidden, training=True, name="norm"))
        made = tf.layers.dense(hidden, 5, name="out")
    of_real, of_made = tf.nn.sigmoid(judged(real)), tf.nn.sigmoid(judged(made))
    judge = -tf.reduce_mean(tf.log(of_real + 1e-8) + tf.log(1.0 - of_made + 1e-8))
    maker = -tf.reduce_mean(tf.log(of_made + 1e-8))
    rows = {"noise:0": RNG.randn(12, 2).astype("float32"), "real:0": X}
    return judge, maker, rows


def _stepped(loss, scope, rows):
    """Returns the program that takes the steps of one of the nets; both are in the graph."""
    others = {"judge": "maker", "maker": "judge"}
    steps = {}
    for name in (others[scope], scope):
        with tf.variable_scope("train_" + name):
            variables = tf.trainable_variables(name)
            steps[name] = tf.train.AdamOptimizer(0.01).minimize(loss[name], var_list=variables)
    return {
        "rows": rows,
        "outputs": [],
        "loss": loss[scope].name,
        "train_op": steps[scope].name,
    }


def discriminator():
    """The step of a discriminator, with a generator that it does not train."""
    judge, maker, rows = _nets()
    return _stepped({"judge": judge, "maker": maker}, "judge", rows)


def generator():
    """The step of a generator, with a discriminator that it does not train, and no labels."""
    judge, maker, rows = _nets()
    return _stepped({"judge": judge, "maker": maker}, "maker", {"noise:0": rows["noise:0"]})


CASES = {
    "two_nets": two_nets,
    "hidden_units": hidden_units,
    "lengths_and_tags": lengths_and_tags,
    "tags_of_any_length": tags_of_any_length,
    "policy": policy,
    "policy_of_resources": policy_of_resources,
    "discriminator": discriminator,
    "generator": generator,
}
