"""A conv net over signals that come out of a `tf.data` pipeline; there are no placeholders."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["logits/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def pipeline():
    raw = tf.random.uniform([256, 16, 3], maxval=256, dtype=tf.int32, seed=1)
    labels = tf.random.uniform([256], maxval=4, dtype=tf.int64, seed=2)
    dataset = tf.data.Dataset.from_tensors((raw, labels)).unbatch().shuffle(256).repeat()
    dataset = dataset.map(lambda x, y: (tf.cast(x, tf.float32) / 255.0, y)).batch(16).prefetch(1)
    return tf.data.make_initializable_iterator(dataset)


def build():
    iterator = pipeline()
    tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, iterator.initializer)
    signals, labels = iterator.get_next()
    net = tf.layers.conv1d(signals, 8, 5, strides=2, padding="same", name="conv1")
    net = tf.nn.leaky_relu(net)
    net = tf.layers.conv1d(net, 12, 3, activation=tf.nn.relu6, name="conv2")
    net = tf.reduce_mean(net, axis=1)
    logits = tf.layers.dense(net, 4, use_bias=True, name="logits")
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits), name="loss"
    )
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.2, step, 2, 0.8, staircase=True)
    tf.train.GradientDescentOptimizer(rate).minimize(loss, global_step=step)


def feeds(rng):
    # in place of what the iterator gives
    signals = rng.rand(48, 16, 3).astype("float32")
    return {"IteratorGetNext:0": signals, "IteratorGetNext:1": rng.randint(0, 4, 48)}
