"""A denoising autoencoder with tied weights, whose class keeps its variables in a dict."""

import tensorflow as tf

LOSS = "Sum:0"
OUTPUTS = ["add_1:0"]
TRAIN = {"keep_prob": 0.9}
EVAL = {"keep_prob": 1.0}


class MaskingNoiseAutoencoder(object):
    def __init__(self, n_input, n_hidden, transfer_function=tf.nn.softplus):
        self.n_input, self.n_hidden, self.transfer = n_input, n_hidden, transfer_function
        self.weights = self._initialize_weights()
        self.x = tf.placeholder(tf.float32, [None, self.n_input], name="x")
        self.keep_prob = tf.placeholder(tf.float32, name="keep_prob")
        self.hidden = self.transfer(
            tf.add(
                tf.matmul(tf.nn.dropout(self.x, self.keep_prob), self.weights["w1"]),
                self.weights["b1"],
            )
        )
        self.reconstruction = tf.add(
            tf.matmul(self.hidden, tf.transpose(self.weights["w1"])),
            self.weights["b2"],
            name="add_1",
        )
        self.cost = 0.5 * tf.reduce_sum(tf.pow(tf.subtract(self.reconstruction, self.x), 2.0))
        self.optimizer = tf.train.AdamOptimizer(0.01).minimize(self.cost)

    def _initialize_weights(self):
        all_weights = dict()
        all_weights["w1"] = tf.get_variable(
            "w1",
            shape=[self.n_input, self.n_hidden],
            initializer=tf.contrib.layers.xavier_initializer(),
        )
        all_weights["b1"] = tf.Variable(tf.zeros([self.n_hidden], dtype=tf.float32))
        all_weights["b2"] = tf.Variable(tf.zeros([self.n_input], dtype=tf.float32))
        return all_weights


def build():
    MaskingNoiseAutoencoder(20, 8)


def feeds(rng):
    return {"x": rng.rand(48, 20).astype("float32")}
