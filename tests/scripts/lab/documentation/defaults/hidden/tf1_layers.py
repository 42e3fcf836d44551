"""Measures the hidden defaults of TF1's optimizers, layers, initializers and dropout."""

import tensorflow as tf
from tf1_helpers import largest, measurement, ones, run, variables

layers = tf.contrib.layers


# --- optimizers


def step_of(optimizer, gradient):
    """Returns how far one step moves a weight of 0."""
    weight = tf.Variable(0.0)
    step = optimizer.apply_gradients([(tf.constant(gradient), weight)])
    return run(-weight, first=[step])


@measurement
def adagrad_epsilon():
    return step_of(tf.train.AdagradOptimizer(1.0, initial_accumulator_value=1e-12), 1e-6)


@measurement
def rmsprop_mean_square():
    return step_of(tf.train.RMSPropOptimizer(1.0), 1.0)


@measurement
def average_start():
    weight, average = tf.Variable(1.0), tf.train.ExponentialMovingAverage(0.9)
    update = average.apply([weight])
    return run(average.average(weight), first=[tf.assign(weight, 2.0), update])


@measurement
def average_in_place():
    weight, average = tf.Variable(1.0), tf.train.ExponentialMovingAverage(0.5)
    update = average.apply([weight])
    return run(weight, first=[tf.assign(weight, 2.0), update, tf.assign(weight, 3.0), update])


def decayed(optimizer):
    weight = tf.Variable(1.0)
    return run(1.0 - weight, first=[optimizer.apply_gradients([(tf.constant(0.0), weight)])])


@measurement
def adamw_decay():
    return decayed(tf.contrib.opt.AdamWOptimizer(0.25, 0.5))


@measurement
def momentumw_decay():
    return decayed(tf.contrib.opt.MomentumWOptimizer(0.25, 0.5, 0.9))


@measurement
def nadam_first_step():
    return step_of(tf.contrib.opt.NadamOptimizer(1.0), 0.5)


@measurement
def lazy_rows():
    rows, optimizer = tf.Variable([[1.0], [1.0]]), tf.contrib.opt.LazyAdamOptimizer(0.1)
    steps = [
        optimizer.apply_gradients([(tf.IndexedSlices(tf.constant([[0.5]]), [row], [2, 1]), rows)])
        for row in (0, 1)
    ]
    return run(rows[0], first=steps)


# --- contrib.layers


@measurement
def no_bias():
    """Returns the number of weights, and of biases, of layers with a normalizer."""
    dense = (layers.fully_connected, layers.linear, layers.relu, layers.relu6, layers.elu)
    for function in dense:
        function(ones(1, 4), 2, normalizer_fn=tf.identity)
    images = {1: ones(1, 4, 2), 2: ones(1, 4, 4, 2), 3: ones(1, 4, 4, 4, 2)}
    for dims, image in images.items():
        getattr(layers, f"conv{dims}d")(image, 2, 3, normalizer_fn=tf.identity)
    layers.conv2d_transpose(images[2], 2, 3, normalizer_fn=tf.identity)
    layers.conv3d_transpose(images[3], 2, 3, normalizer_fn=tf.identity)
    layers.separable_conv2d(images[2], 2, 3, 1, normalizer_fn=tf.identity)
    return [len(variables("weights")), len(variables("biases"))]


@measurement
def update_ops():
    outputs = layers.batch_norm(ones(2, 1))
    return run(*variables("moving_mean"), first=[outputs])


@measurement
def layers_update_ops():
    outputs = tf.layers.batch_normalization(ones(2, 1), training=True)
    return run(*variables("moving_mean"), first=[outputs])


@measurement
def moving_variance():
    outputs = layers.batch_norm(tf.constant([[0.0], [2.0]]), decay=0.0, updates_collections=None)
    return run(*variables("moving_variance"), first=[outputs])


@measurement
def layers_moving_variance():
    images = tf.reshape(tf.constant([0.0, 2.0]), (2, 1, 1, 1))
    tf.layers.batch_normalization(images, momentum=0.0, training=True)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    return run(*variables("moving_variance"), first=[updates])


@measurement
def layer_norm_axis():
    return run(layers.layer_norm(tf.constant([[[0.0, 0.0], [1.0, 3.0]]]))[0, 0, 0])


@measurement
def layer_norm_epsilon():
    return run(layers.layer_norm(tf.constant([[0.0, 1e-3]]))[0, 1])


@measurement
def instance_norm_groups():
    images = tf.ones((1, 2, 2, 1)) * tf.range(64.0)
    return run(largest(layers.instance_norm(images)))


@measurement
def unit_norm_epsilon():
    return run(layers.unit_norm(tf.constant([[1e-7, 0.0]]), dim=1)[0, 0])


@measurement
def embedding_range():
    ids = tf.constant([[1, 2]])
    layers.embed_sequence(ids, vocab_size=100, embed_dim=50)
    return run(largest(variables("embeddings")[0]))


@measurement
def l2_half():
    return run(layers.l2_regularizer(1.0)(tf.constant([1.0, 2.0])))


@measurement
def l1_l2_half():
    return run(layers.l1_l2_regularizer(scale_l1=0.0)(tf.constant([1.0, 2.0])))


# --- initializers


@measurement
def variance_scaling_width():
    return run(largest(layers.variance_scaling_initializer()((100, 10000))))


@measurement
def random_uniform_range():
    return run(tf.reduce_max(tf.initializers.random_uniform()((10000,))))


@measurement
def unit_scaling_range():
    return run(largest(tf.initializers.uniform_unit_scaling()((100, 1000))))


@measurement
def no_initializer():
    """Measures a dense and a separable kernel of `tf.layers`, then of contrib."""
    tf.layers.dense(ones(1, 100), 100)
    tf.layers.separable_conv2d(ones(1, 4, 4, 40), 1, 3, depth_multiplier=50)
    layers.separable_conv2d(ones(1, 4, 4, 40), 1, 3, 50)
    return run(
        *map(
            largest,
            variables("/kernel") + variables("depthwise_kernel") + variables("depthwise_weights"),
        )
    )


# --- dropout: the share that is zero


def dropped(outputs):
    return run(tf.nn.zero_fraction(outputs))


@measurement
def keep_prob():
    return dropped(layers.dropout(ones(100, 100), 0.9))


@measurement
def nn_keep_prob():
    return dropped(tf.nn.dropout(ones(100, 100), 0.9))


@measurement
def dropout_training():
    return dropped(layers.dropout(ones(100, 100)))


@measurement
def layers_dropout_training():
    return dropped(tf.layers.dropout(ones(100, 100)))


@measurement
def nn_dropout_training():
    return dropped(tf.nn.dropout(ones(100, 100), 0.5))
