"""DCGAN's generator, fitted to images; the sampler is the same network with moving averages."""

import tensorflow as tf

LOSS = "g_loss:0"
OUTPUTS = ["generator_1/Tanh:0"]
TRAIN = {}
EVAL = {}
STEPS_BEFORE = 5
# batch norm takes away what these biases add
NOISE = ["generator/g_h0_lin/bias", "generator/g_h1/biases"]


class batch_norm(object):
    def __init__(self, epsilon=1e-5, momentum=0.9, name="batch_norm"):
        self.epsilon, self.momentum, self.name = epsilon, momentum, name

    def __call__(self, x, train=True):
        return tf.contrib.layers.batch_norm(
            x,
            decay=self.momentum,
            updates_collections=None,
            epsilon=self.epsilon,
            scale=True,
            is_training=train,
            scope=self.name,
        )


def deconv2d(input_, output_shape, k_h=5, k_w=5, d_h=2, d_w=2, stddev=0.1, name="deconv2d"):
    with tf.variable_scope(name):
        w = tf.get_variable(
            "w",
            [k_h, k_w, output_shape[-1], input_.get_shape()[-1]],
            initializer=tf.random_normal_initializer(stddev=stddev),
        )
        shape = tf.stack([tf.shape(input_)[0]] + output_shape)
        deconv = tf.nn.conv2d_transpose(input_, w, output_shape=shape, strides=[1, d_h, d_w, 1])
        biases = tf.get_variable(
            "biases", [output_shape[-1]], initializer=tf.constant_initializer(0.0)
        )
        return tf.reshape(tf.nn.bias_add(deconv, biases), [-1] + output_shape)


def linear(input_, output_size, scope=None, stddev=0.1, bias_start=0.0):
    shape = input_.get_shape().as_list()
    with tf.variable_scope(scope or "Linear"):
        matrix = tf.get_variable(
            "Matrix",
            [shape[1], output_size],
            tf.float32,
            tf.random_normal_initializer(stddev=stddev),
        )
        bias = tf.get_variable(
            "bias", [output_size], initializer=tf.constant_initializer(bias_start)
        )
        return tf.matmul(input_, matrix) + bias


def generator(z, g_bn0, g_bn1, train=True, reuse=False):
    with tf.variable_scope("generator", reuse=reuse):
        h0 = tf.reshape(linear(z, 2 * 2 * 6, "g_h0_lin"), [-1, 2, 2, 6])
        h0 = tf.nn.relu(g_bn0(h0, train))
        h1 = deconv2d(h0, [4, 4, 4], name="g_h1")
        h1 = tf.nn.relu(g_bn1(h1, train))
        return tf.nn.tanh(deconv2d(h1, [8, 8, 3], name="g_h2"))


def build():
    z = tf.placeholder(tf.float32, [None, 6], name="z")
    images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    g_bn0, g_bn1 = batch_norm(name="g_bn0"), batch_norm(name="g_bn1")
    G = generator(z, g_bn0, g_bn1)
    generator(z, g_bn0, g_bn1, train=False, reuse=True)
    g_loss = tf.reduce_mean(tf.abs(G - images), name="g_loss")
    g_vars = [var for var in tf.trainable_variables() if "g_" in var.name]
    tf.train.AdamOptimizer(0.002, beta1=0.5).minimize(g_loss, var_list=g_vars)


def feeds(rng):
    images = rng.uniform(-1, 1, (40, 8, 8, 3)).astype("float32")
    return {"z": rng.uniform(-1, 1, (40, 6)).astype("float32"), "images": images}
