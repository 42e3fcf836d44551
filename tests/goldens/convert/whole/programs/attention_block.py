"""A block of self-attention with several heads, positions, residuals and layer norm by hand."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["output/BiasAdd:0"]
TRAIN = {"is_training": True}
EVAL = {"is_training": False}


def normalize(inputs, epsilon=1e-8, scope="ln", reuse=None):
    with tf.variable_scope(scope, reuse=reuse):
        params_shape = inputs.get_shape()[-1:]
        mean, variance = tf.nn.moments(inputs, [-1], keep_dims=True)
        beta = tf.get_variable("beta", params_shape, initializer=tf.zeros_initializer())
        gamma = tf.get_variable("gamma", params_shape, initializer=tf.ones_initializer())
        normalized = (inputs - mean) / ((variance + epsilon) ** (0.5))
        return gamma * normalized + beta


def multihead_attention(queries, keys, num_units, num_heads, dropout_rate, is_training):
    with tf.variable_scope("multihead_attention"):
        Q = tf.layers.dense(queries, num_units, use_bias=False)
        K = tf.layers.dense(keys, num_units, use_bias=False)
        V = tf.layers.dense(keys, num_units, use_bias=False)
        # split and concat
        Q_ = tf.concat(tf.split(Q, num_heads, axis=2), axis=0)
        K_ = tf.concat(tf.split(K, num_heads, axis=2), axis=0)
        V_ = tf.concat(tf.split(V, num_heads, axis=2), axis=0)
        outputs = tf.matmul(Q_, tf.transpose(K_, [0, 2, 1]))
        outputs = outputs / (K_.get_shape().as_list()[-1] ** 0.5)
        outputs = tf.nn.softmax(outputs)
        outputs = tf.layers.dropout(
            outputs, rate=dropout_rate, training=tf.convert_to_tensor(is_training)
        )
        outputs = tf.matmul(outputs, V_)
        outputs = tf.concat(tf.split(outputs, num_heads, axis=0), axis=2)
        outputs += queries
        return normalize(outputs)


def feedforward(inputs, num_units):
    with tf.variable_scope("feedforward"):
        outputs = tf.layers.conv1d(inputs, num_units[0], 1, activation=tf.nn.relu)
        outputs = tf.layers.conv1d(outputs, num_units[1], 1)
        outputs += inputs
        return normalize(outputs)


def build(maxlen=5, vocab_size=12, hidden_units=8):
    x = tf.placeholder(tf.int32, [None, maxlen], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    with tf.variable_scope("encoder"):
        table = tf.get_variable("lookup_table", [vocab_size, hidden_units])
        enc = tf.nn.embedding_lookup(table, x) * (hidden_units**0.5)
        positions = tf.tile(tf.expand_dims(tf.range(tf.shape(x)[1]), 0), [tf.shape(x)[0], 1])
        places = tf.get_variable("positions", [maxlen, hidden_units])
        enc += tf.nn.embedding_lookup(places, positions)
        enc = multihead_attention(enc, enc, hidden_units, 2, 0.1, is_training)
        enc = feedforward(enc, [2 * hidden_units, hidden_units])
    logits = tf.layers.dense(tf.reduce_mean(enc, 1), 3, name="output")
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(entropy, name="loss")
    global_step = tf.Variable(0, name="global_step", trainable=False)
    optimizer = tf.train.AdamOptimizer(0.01, beta1=0.9, beta2=0.98, epsilon=1e-8)
    optimizer.minimize(loss, global_step=global_step)


def feeds(rng):
    return {
        "x": rng.randint(0, 12, (40, 5)).astype("int32"),
        "y": rng.randint(0, 3, 40).astype("int32"),
    }
