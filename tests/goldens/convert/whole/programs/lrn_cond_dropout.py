"""A small AlexNet: local response normalization, and dropout in a `tf.cond` of the program."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["fc2/logits:0"]
TRAIN = {"training": True}
EVAL = {"training": False}


def conv(x, shape, stride, name):
    with tf.variable_scope(name):
        weights = tf.get_variable("weights", shape)
        biases = tf.get_variable("biases", shape[-1:])
        x = tf.nn.conv2d(x, weights, strides=[1, stride, stride, 1], padding="SAME")
        return tf.nn.relu(tf.nn.bias_add(x, biases), name="relu")


def fc(x, num_in, num_out, name, relu=True):
    with tf.variable_scope(name):
        weights = tf.get_variable("weights", [num_in, num_out])
        biases = tf.get_variable("biases", [num_out])
        act = tf.nn.xw_plus_b(x, weights, biases, name="logits")
        return tf.nn.relu(act) if relu else act


def build():
    x = tf.placeholder(tf.float32, [None, 9, 9, 3], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    training = tf.placeholder(tf.bool, name="training")
    conv1 = conv(x, [3, 3, 3, 8], 2, "conv1")
    norm1 = tf.nn.lrn(conv1, depth_radius=2, bias=1.0, alpha=2e-2, beta=0.75, name="norm1")
    pool1 = tf.nn.max_pool(norm1, [1, 3, 3, 1], [1, 2, 2, 1], padding="VALID", name="pool1")
    flattened = tf.reshape(pool1, [-1, 2 * 2 * 8])
    fc1 = fc(flattened, 2 * 2 * 8, 10, "fc1")
    dropout1 = tf.cond(training, lambda: tf.nn.dropout(fc1, 0.5), lambda: fc1)
    score = fc(dropout1, 10, 4, "fc2", relu=False)
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=score, labels=y)
    loss = tf.reduce_mean(entropy, name="loss")
    var_list = tf.trainable_variables()
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    gradients = optimizer.compute_gradients(loss, var_list)
    optimizer.apply_gradients(grads_and_vars=gradients)


def feeds(rng):
    x = rng.randn(40, 9, 9, 3).astype("float32")
    return {"x": x, "y": rng.randint(0, 4, 40).astype("int32")}
