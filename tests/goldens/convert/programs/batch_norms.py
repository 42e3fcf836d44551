"""Builds batch normalization and other normalizations in the styles of TF1."""

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(0)
ROWS = RNG.randn(6, 4).astype("f")
IMAGES = RNG.randn(3, 4, 5, 2).astype("f")
SERIES = RNG.randn(3, 5, 4).astype("f")


def _rows():
    return tf.placeholder(tf.float32, [None, 4], name="X")


def _images():
    return tf.placeholder(tf.float32, [None, 4, 5, 2], name="X")


def _trained(output, updates=True, also=()):
    """Adds a training step; returns the name of its operation."""
    loss = tf.reduce_mean(tf.square(output))
    waited = list(also) + (tf.get_collection(tf.GraphKeys.UPDATE_OPS) if updates else [])
    with tf.control_dependencies(waited):
        return [tf.train.GradientDescentOptimizer(0.1).minimize(loss).name]


def _case(array, output, flag=None, train_op=()):
    made = {"inputs": {"X:0": array}, "outputs": [output.name], "train_op": list(train_op)}
    if flag is not None:
        made.update(feed={flag.name: True}, eval_feed={flag.name: False})
    return made


def _flag():
    return tf.placeholder(tf.bool, [], name="is_training")


def norm_layers_flag():
    """Fused on images and plain arithmetic on rows, behind tf.cond by a placeholder."""
    flag = _flag()
    x = tf.layers.conv2d(_images(), 3, 2, use_bias=False, name="conv")
    x = tf.nn.relu(tf.layers.batch_normalization(x, training=flag, momentum=0.9, name="bn1"))
    x = tf.layers.dense(tf.layers.flatten(x), 3, name="hidden")
    x = tf.layers.batch_normalization(x, training=flag, scale=False, epsilon=1e-5, name="bn2")
    return _case(IMAGES, x, flag, _trained(x))


def norm_contrib_flag():
    """Fused on rows and on images, as a normalizer_fn of contrib."""
    flag = _flag()
    layers = tf.contrib.layers
    given = {"is_training": flag, "decay": 0.99}
    norm = layers.batch_norm
    x = layers.conv2d(_images(), 3, 2, normalizer_fn=norm, normalizer_params=given, scope="conv")
    x = layers.flatten(x)
    given = {"is_training": flag, "updates_collections": None, "scale": True}
    x = layers.fully_connected(x, 3, normalizer_fn=norm, normalizer_params=given, scope="dense")
    return _case(IMAGES, x, flag, _trained(x))


def norm_slim_inference():
    """Never in training: by the moving averages alone."""
    slim = tf.contrib.slim
    given = {"is_training": False, "scale": True}
    x = slim.conv2d(
        _images(), 3, 2, normalizer_fn=slim.batch_norm, normalizer_params=given, scope="conv"
    )
    x = slim.batch_norm(slim.flatten(x), is_training=False, fused=False, scope="bn")
    return _case(IMAGES, x, train_op=_trained(x))


def norm_always_training():
    """Always by the batch, with averages that are moved."""
    x = tf.layers.batch_normalization(_images(), training=True, name="bn")
    x = tf.contrib.layers.batch_norm(tf.layers.flatten(x), fused=False, scope="plain")
    return _case(IMAGES, x, train_op=_trained(x))


def norm_not_updated():
    """A training step without the updates in the collection."""
    flag = _flag()
    x = tf.layers.batch_normalization(tf.layers.dense(_rows(), 3), training=flag, name="bn")
    return _case(ROWS, x, flag, _trained(x, updates=False))


def norm_handwritten_average():
    """The well-known function with an ExponentialMovingAverage."""
    flag = _flag()

    def batch_norm(x, n_out):
        beta = tf.Variable(tf.constant(0.0, shape=[n_out]), name="beta", trainable=True)
        gamma = tf.Variable(tf.constant(1.0, shape=[n_out]), name="gamma", trainable=True)
        batch_mean, batch_var = tf.nn.moments(x, [0, 1, 2], name="moments")
        ema = tf.train.ExponentialMovingAverage(decay=0.5)

        def mean_var_with_update():
            ema_apply_op = ema.apply([batch_mean, batch_var])
            with tf.control_dependencies([ema_apply_op]):
                return tf.identity(batch_mean), tf.identity(batch_var)

        mean, var = tf.cond(
            flag,
            mean_var_with_update,
            lambda: (ema.average(batch_mean), ema.average(batch_var)),
        )
        return tf.nn.batch_normalization(x, mean, var, beta, gamma, 1e-3)

    x = _images()
    with tf.variable_scope("bn"):
        x = batch_norm(x, 2)
    return _case(IMAGES, tf.nn.relu(x), flag, _trained(x))


def norm_handwritten_assign():
    """Whole normalizations in both branches, with assignments by hand."""
    flag = _flag()
    x = tf.matmul(_rows(), tf.get_variable("W", [4, 3]))
    scale = tf.get_variable("scale", [3], initializer=tf.ones_initializer())
    beta = tf.get_variable("beta", [3])
    pop_mean = tf.get_variable("pop_mean", [3], trainable=False)
    pop_var = tf.get_variable(
        "pop_variance", [3], initializer=tf.ones_initializer(), trainable=False
    )

    def in_training():
        batch_mean, batch_var = tf.nn.moments(x, [0])
        train_mean = tf.assign(pop_mean, pop_mean * 0.95 + batch_mean * (1 - 0.95))
        train_var = tf.assign(pop_var, pop_var * 0.95 + batch_var * (1 - 0.95))
        with tf.control_dependencies([train_mean, train_var]):
            return tf.nn.batch_normalization(x, batch_mean, batch_var, beta, scale, 1e-3)

    def in_evaluation():
        return tf.nn.batch_normalization(x, pop_mean, pop_var, beta, scale, 1e-3)

    out = tf.sigmoid(tf.cond(flag, in_training, in_evaluation))
    return _case(ROWS, out, flag, _trained(out))


def norm_handwritten_formula():
    """The formula of the paper, with a mean chosen by tf.where."""
    flag = _flag()
    x = tf.matmul(_rows(), tf.get_variable("W", [4, 3]))
    gamma = tf.get_variable("gamma", [3], initializer=tf.ones_initializer())
    beta = tf.get_variable("beta", [3])
    moving_mean = tf.get_variable("moving_mean", [3], trainable=False)
    moving_variance = tf.get_variable("moving_variance", [3], trainable=False)
    batch_mean, batch_variance = tf.nn.moments(x, [0])
    mean = tf.where(flag, batch_mean, moving_mean)
    variance = tf.where(flag, batch_variance, moving_variance)
    out = gamma * (x - mean) / tf.sqrt(variance + 1e-5) + beta
    moves = [
        moving_mean.assign_sub(0.1 * (moving_mean - mean)),
        moving_variance.assign_sub(0.1 * (moving_variance - variance)),
    ]
    return _case(ROWS, out, flag, _trained(out, also=moves))


def norm_of_the_batch():
    """Always by the batch, without averages: with and without gamma and beta."""
    x = tf.matmul(_rows(), tf.get_variable("W", [4, 3]))
    mean, variance = tf.nn.moments(x, [0])
    x = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-4)
    x = tf.nn.tanh(tf.matmul(x, tf.get_variable("W2", [3, 2])))
    mean, variance = tf.nn.moments(x, [0])
    beta, gamma = tf.get_variable("beta", [2]), tf.get_variable("gamma", [2])
    x = (x - mean) / tf.sqrt(variance + 1e-8) * gamma + beta
    return _case(ROWS, x)


def norm_keras_flag():
    """The layer of tf.keras with the learning phase, on rows and on images."""
    x = tf.keras.layers.BatchNormalization(momentum=0.8, name="bn1")(_images())
    x = tf.keras.layers.Flatten()(x)
    x = tf.keras.layers.BatchNormalization(name="bn2")(x)
    flag = tf.keras.backend.learning_phase()
    return _case(IMAGES, x, flag)


def norm_fused_versions():
    """The first two versions of the fused operation."""
    x, flag = _images(), _flag()
    for k, op in enumerate((tf.raw_ops.FusedBatchNorm, tf.raw_ops.FusedBatchNormV2)):
        with tf.variable_scope("bn" + str(k)):
            scale = tf.get_variable("gamma", [2], initializer=tf.ones_initializer())
            offset = tf.get_variable("beta", [2])
            mean = tf.get_variable("moving_mean", [2], trainable=False)
            variance = tf.get_variable(
                "moving_variance", [2], initializer=tf.ones_initializer(), trainable=False
            )
            given = {"scale": scale, "offset": offset, "epsilon": 2e-3}

            def in_training(op=op, x=x, given=given, mean=mean, variance=variance):
                y, m, v, _, _ = op(x=x, mean=[], variance=[], is_training=True, **given)
                moves = [
                    tf.assign_sub(mean, (mean - m) * 0.01),
                    tf.assign_sub(variance, (variance - v) * 0.01),
                ]
                with tf.control_dependencies(moves):
                    return tf.identity(y)

            def in_evaluation(op=op, x=x, given=given, mean=mean, variance=variance):
                return op(x=x, mean=mean, variance=variance, is_training=False, **given)[0]

            x = tf.cond(flag, in_training, in_evaluation)
    return _case(IMAGES, x, flag, _trained(x))


def norm_of_layers():
    """Layer normalization of contrib and by hand, and that of instances."""
    x = tf.layers.dense(_rows(), 5, name="hidden")
    x = tf.contrib.layers.layer_norm(x, activation_fn=tf.nn.relu, scope="ln1")
    with tf.variable_scope("ln2"):
        mean, variance = tf.nn.moments(x, [-1], keep_dims=True)
        gamma = tf.get_variable("gamma", [5], initializer=tf.ones_initializer())
        x = gamma * (x - mean) * tf.rsqrt(variance + 1e-6) + tf.get_variable("beta", [5])
    with tf.variable_scope("ln3"):
        mean = tf.reduce_mean(x, axis=1, keepdims=True)
        variance = tf.reduce_mean(tf.square(x - mean), axis=1, keepdims=True)
        x = (x - mean) / tf.sqrt(variance + 1e-5)
    return _case(ROWS, x)


def norm_of_instances():
    """Normalization of each channel of each image, and by layers of sequences."""
    x = tf.contrib.layers.instance_norm(_images(), scope="instances")
    return _case(IMAGES, x)


def norm_of_series():
    """Layer normalization of sequences, as in a Transformer, and batch normalization of them."""
    flag = _flag()
    x = tf.placeholder(tf.float32, [None, 5, 4], name="X")
    x = tf.layers.batch_normalization(x, training=flag, name="bn")
    x = tf.contrib.layers.layer_norm(x, begin_norm_axis=-1, begin_params_axis=-1, scope="ln")
    return _case(SERIES, x, flag)


def norm_of_the_batch_in_other_words():
    """The variance by the squares' mean, roots as powers and reciprocals, products as squares."""
    x = tf.matmul(_rows(), tf.get_variable("W", [4, 3]))
    mean = tf.reduce_mean(x, 0)
    variance = tf.reduce_mean(x * x, 0) - mean**2
    x = (x - mean) * tf.pow(variance + 1e-3, -0.5) + tf.get_variable("beta", [3])
    x = tf.nn.tanh(tf.matmul(x, tf.get_variable("W2", [3, 3])))
    mean, variance = tf.nn.moments(x, [0])
    x = tf.get_variable("gamma", [3]) * (x - mean) * tf.reciprocal(tf.sqrt(variance + 2e-3))
    x = tf.nn.tanh(tf.matmul(x, tf.get_variable("W3", [3, 3])))
    mean = tf.reduce_mean(x, 0)
    variance = tf.reduce_mean((x - mean) * (x - mean), 0)
    x = (x - mean) * (1.0 / tf.pow(variance + 1e-2, 0.5)) - tf.get_variable("less", [3])
    return _case(ROWS, x)


def norm_that_is_none():
    """Formulas that are near a normalization: each is arithmetic of the batch."""
    x = tf.matmul(_rows(), tf.get_variable("W", [4, 3]))
    other = tf.matmul(_rows_again(), tf.get_variable("V", [4, 3]))
    mean, variance = tf.nn.moments(x, [0])
    chosen = tf.where(tf.get_variable("row", [3]) > 0.0, mean, 2.0 * mean)
    root = tf.sqrt(variance + 1e-3)
    squares = tf.reduce_mean(tf.square(x), 0)
    outs = [
        (x - mean) / tf.sqrt(variance),
        (x - mean) / tf.sqrt(variance + tf.square(tf.get_variable("epsilon", [3]))),
        (x - mean) / tf.sqrt(squares + 1e-3),
        (x - tf.reduce_mean(other, 0)) / root,
        (x - chosen) / root,
        tf.get_variable("g", [3]) * tf.get_variable("h", [3]) * (x - mean) / root,
        (x - mean) / root + x * mean,
        (x - mean) * (other - mean) * (x - 2.0 * mean),
        x + other + mean + variance + root + squares + chosen + x,
    ]
    with_all = [tf.identity(each, f"out{k}") for k, each in enumerate(outs)]
    return {"inputs": {"X:0": ROWS}, "outputs": [each.name for each in with_all]}


def _rows_again():
    return tf.get_default_graph().get_tensor_by_name("X:0")


def norm_of_given_parameters():
    """Gamma and beta that a layer computes, as in conditional normalization; and of one number."""
    x = tf.matmul(_rows(), tf.get_variable("W", [4, 3]))
    mean, variance = tf.nn.moments(x, [0])
    gamma = 1.0 + tf.layers.dense(_rows_again(), 3, name="gamma")
    beta = tf.layers.dense(_rows_again(), 3, tf.nn.relu, name="beta")
    x = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)
    x = tf.nn.tanh(tf.matmul(x, tf.get_variable("W2", [3, 3])))
    mean, variance = tf.nn.moments(x, [0])
    one = tf.get_variable("one", [], initializer=tf.ones_initializer())
    x = tf.nn.batch_normalization(x, mean, variance, tf.get_variable("less", []), one, 1e-3)
    return _case(ROWS, x)


def norm_half_moved():
    """Averages that no operation moves, and averages that move by different shares."""
    flag = _flag()
    x = tf.matmul(_rows(), tf.get_variable("W", [4, 3]))
    moves = []
    for name, shares in (("still", ()), ("uneven", (0.1, 0.2))):
        with tf.variable_scope(name):
            batch = tf.nn.moments(x, [0])
            moving = [
                tf.get_variable(f"moving_{each}", [3], trainable=False)
                for each in ("mean", "variance")
            ]
            pairs = list(zip(batch, moving))
            mean, variance = tf.cond(flag, lambda b=batch: b, lambda m=moving: tuple(m))
            moves += [
                tf.assign_sub(old, share * (old - new)) for share, (new, old) in zip(shares, pairs)
            ]
            beta = tf.get_variable("beta", [3])
            x = tf.nn.batch_normalization(x, mean, variance, beta, None, 1e-3)
            x = tf.nn.tanh(tf.matmul(x, tf.get_variable("W", [3, 3])))
    return _case(ROWS, x, flag, _trained(x, also=moves))


CASES = {name: f for name, f in list(globals().items()) if name.startswith("norm_")}
