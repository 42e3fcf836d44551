"""Word2vec with noise-contrastive estimation, which draws other words in each step."""

import tensorflow as tf

LOSS = "loss/Mean:0"
OUTPUTS = ["similarity:0"]
TRAIN = {}
EVAL = {}


def build(vocabulary_size=30, embedding_size=6, num_sampled=4):
    with tf.name_scope("inputs"):
        train_inputs = tf.placeholder(tf.int32, shape=[None], name="train_inputs")
        train_labels = tf.placeholder(tf.int32, shape=[None, 1], name="train_labels")
    with tf.device("/cpu:0"):
        with tf.name_scope("embeddings"):
            embeddings = tf.Variable(
                tf.random_uniform([vocabulary_size, embedding_size], -1.0, 1.0)
            )
            embed = tf.nn.embedding_lookup(embeddings, train_inputs)
        with tf.name_scope("weights"):
            nce_weights = tf.Variable(
                tf.truncated_normal([vocabulary_size, embedding_size], stddev=0.4)
            )
        with tf.name_scope("biases"):
            nce_biases = tf.Variable(tf.zeros([vocabulary_size]))
    with tf.name_scope("loss"):
        loss = tf.reduce_mean(
            tf.nn.nce_loss(
                weights=nce_weights,
                biases=nce_biases,
                labels=train_labels,
                inputs=embed,
                num_sampled=num_sampled,
                num_classes=vocabulary_size,
            )
        )
    tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    norm = tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keepdims=True))
    normalized_embeddings = embeddings / norm
    looked_up = tf.nn.embedding_lookup(normalized_embeddings, train_inputs)
    tf.matmul(looked_up, normalized_embeddings, transpose_b=True, name="similarity")


def feeds(rng):
    return {
        "inputs/train_inputs": rng.randint(0, 30, 40).astype("int32"),
        "inputs/train_labels": rng.randint(0, 30, (40, 1)).astype("int32"),
    }
