"""A dueling DQN: a net that is trained, and its copy, whose values are the targets."""

import tensorflow as tf

LOSS = "loss/Mean:0"
OUTPUTS = ["eval_net/Q/add:0"]
TRAIN = {}
EVAL = {}


def build_layers(s, c_names, n_l1, w_initializer, b_initializer, n_actions=4):
    n_features = s.get_shape().as_list()[1]
    with tf.variable_scope("l1"):
        w1 = tf.get_variable(
            "w1", [n_features, n_l1], initializer=w_initializer, collections=c_names
        )
        b1 = tf.get_variable("b1", [1, n_l1], initializer=b_initializer, collections=c_names)
        l1 = tf.nn.relu(tf.matmul(s, w1) + b1)

    with tf.variable_scope("Value"):
        w2 = tf.get_variable("w2", [n_l1, 1], initializer=w_initializer, collections=c_names)
        b2 = tf.get_variable("b2", [1, 1], initializer=b_initializer, collections=c_names)
        V = tf.matmul(l1, w2) + b2

    with tf.variable_scope("Advantage"):
        w2 = tf.get_variable(
            "w2", [n_l1, n_actions], initializer=w_initializer, collections=c_names
        )
        b2 = tf.get_variable("b2", [1, n_actions], initializer=b_initializer, collections=c_names)
        A = tf.matmul(l1, w2) + b2

    with tf.variable_scope("Q"):
        out = V + (A - tf.reduce_mean(A, axis=1, keep_dims=True))  # Q = V(s) + A(s,a)
    return out


def build():
    s = tf.placeholder(tf.float32, [None, 6], name="s")
    q_target = tf.placeholder(tf.float32, [None, 4], name="Q_target")
    w_initializer = tf.random_normal_initializer(0.0, 0.3)
    b_initializer = tf.constant_initializer(0.1)
    with tf.variable_scope("eval_net"):
        c_names = ["eval_net_params", tf.GraphKeys.GLOBAL_VARIABLES]
        q_eval = build_layers(s, c_names, 12, w_initializer, b_initializer)
    with tf.variable_scope("loss"):
        loss = tf.reduce_mean(tf.squared_difference(q_target, q_eval))
    variables = tf.get_collection("eval_net_params")
    with tf.variable_scope("train"):
        tf.train.RMSPropOptimizer(0.005).minimize(loss, var_list=variables)

    s_ = tf.placeholder(tf.float32, [None, 6], name="s_")
    with tf.variable_scope("target_net"):
        c_names = ["target_net_params", tf.GraphKeys.GLOBAL_VARIABLES]
        build_layers(s_, c_names, 12, w_initializer, b_initializer)
    t_params = tf.get_collection("target_net_params")
    e_params = tf.get_collection("eval_net_params")
    [tf.assign(t, e) for t, e in zip(t_params, e_params)]


def feeds(rng):
    return {
        "s": rng.randn(40, 6).astype("float32"),
        "Q_target": rng.randn(40, 4).astype("float32"),
    }
