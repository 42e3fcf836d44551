"""A variational autoencoder; its predictions are the encoder's means, decoded without noise."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["encoder/z_mean/BiasAdd:0", "decoder_1/Sigmoid:0"]
TRAIN = {}
EVAL = {}


def decoder(z, reuse=False):
    with tf.variable_scope("decoder", reuse=reuse):
        net = tf.layers.dense(z, 12, activation=tf.nn.relu, name="hidden")
        return tf.nn.sigmoid(tf.layers.dense(net, 16, name="pixels"))


def build():
    x = tf.placeholder(tf.float32, [None, 16], name="x")
    with tf.variable_scope("encoder"):
        net = tf.layers.dense(x, 12, activation=tf.nn.relu, name="hidden")
        z_mean = tf.layers.dense(net, 3, name="z_mean")
        z_log_sigma_sq = tf.layers.dense(net, 3, name="z_log_sigma_sq")
    eps = tf.random_normal(tf.shape(z_mean), 0, 1, dtype=tf.float32)
    z = tf.add(z_mean, tf.multiply(tf.sqrt(tf.exp(z_log_sigma_sq)), eps))
    x_reconstr_mean = decoder(z)
    decoder(z_mean, reuse=True)

    reconstr_loss = -tf.reduce_sum(
        x * tf.log(1e-10 + x_reconstr_mean) + (1 - x) * tf.log(1e-10 + 1 - x_reconstr_mean), 1
    )
    latent_loss = -0.5 * tf.reduce_sum(
        1 + z_log_sigma_sq - tf.square(z_mean) - tf.exp(z_log_sigma_sq), 1
    )
    cost = tf.reduce_mean(reconstr_loss + latent_loss, name="loss")
    tf.train.AdamOptimizer(learning_rate=0.005).minimize(cost)


def feeds(rng):
    return {"x": (rng.rand(48, 16) < 0.4).astype("float32")}
