"""Matrix products by hand, dropout by a `keep_prob` placeholder, L2 by `tf.nn.l2_loss`."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["logits:0"]
TRAIN = {"keep_prob": 0.75}
EVAL = {"keep_prob": 1.0}


def layer(x, n_in, n_out, number):
    w = tf.Variable(tf.truncated_normal([n_in, n_out], stddev=0.3), name=f"W{number}")
    b = tf.Variable(tf.constant(0.1, shape=[n_out]), name=f"b{number}")
    return w, tf.matmul(x, w) + b


def build():
    x = tf.placeholder(tf.float32, [None, 16], name="x")
    y_ = tf.placeholder(tf.int64, [None], name="y_")
    keep_prob = tf.placeholder(tf.float32, name="keep_prob")
    w1, z1 = layer(x, 16, 32, 1)
    h1 = tf.nn.dropout(tf.nn.relu(z1), keep_prob=keep_prob)
    w2, z2 = layer(h1, 32, 16, 2)
    h2 = tf.nn.dropout(tf.nn.relu(z2), keep_prob=keep_prob)
    w3, z3 = layer(h2, 16, 4, 3)
    logits = tf.identity(z3, name="logits")
    entropy = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y_, logits=logits)
    )
    decay = 0.02 * (tf.nn.l2_loss(w1) + tf.nn.l2_loss(w2) + tf.nn.l2_loss(w3))
    loss = tf.add(entropy, decay, name="loss")
    global_step = tf.Variable(0, trainable=False, name="global_step")
    rate = tf.train.polynomial_decay(0.2, global_step, 5, end_learning_rate=0.01, power=2.0)
    tf.train.GradientDescentOptimizer(rate).minimize(loss, global_step=global_step)


def feeds(rng):
    x = rng.randn(48, 16).astype("float32")
    return {"x": x, "y_": rng.randint(0, 4, 48).astype("int64")}
