"""For each rule: a program of TF1 with its finding, and the Keras 3 code that prints the same.

`SAME` has the pairs that compute. `WITHOUT_NUMBERS` says for the other rules why none does.
"""

import textwrap

HEAD = "import numpy as np\n"
GIVEN = "[[-1.0, 0.5, 2.0], [0.25, -0.75, 1.5]]"
TF1 = f"""{HEAD}import tensorflow as tf
x = tf.constant({GIVEN})
"""
TF1_END = """
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    print(np.round(session.run(y), 4).tolist())
"""
KERAS = f"""{HEAD}import keras
import tf_recipes
x = keras.ops.convert_to_tensor({GIVEN})
"""
KERAS_END = "\nprint(np.round(keras.ops.convert_to_numpy(y), 4).tolist())\n"

# three steps of an optimizer, with gradients that change
STEPS = """
v = tf.Variable([1.0, -2.0])
g = tf.placeholder(tf.float32, [2])
update = {}.apply_gradients([(g, v)]{})
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for each in ([0.5, -2.0], [0.0, 1.0], [-1e-7, 0.5]):
        session.run(update, {{g: each}})
    print(np.round(session.run(v), 4).tolist())
"""
KERAS_STEPS = """
v = keras.Variable([1.0, -2.0])
optimizer = {}
optimizer.build([v])
for each in ([0.5, -2.0], [0.0, 1.0], [-1e-7, 0.5]):
    optimizer.apply([keras.ops.convert_to_tensor(each)])
y = v
"""
IMAGES = "tf.reshape(tf.range(32.0), [1, 4, 4, 2])"
KERAS_IMAGES = 'keras.ops.reshape(keras.ops.arange(32.0, dtype="float32"), [1, 4, 4, 2])'
HALF = "tf.constant_initializer(0.5)"
KERAS_HALF = "keras.initializers.Constant(0.5)"


def tf1(body, end=TF1_END):
    """Returns a whole program of TF1, which prints `y` at its end."""
    return TF1 + textwrap.dedent(body) + end


def keras3(body):
    """Returns a whole program of Keras, which prints `y`."""
    return KERAS + textwrap.dedent(body) + KERAS_END


def steps(optimizer, end=""):
    return tf1(STEPS.format(optimizer, end), "")


def keras_steps(optimizer):
    return keras3(KERAS_STEPS.format(optimizer))


SAME = {
    "TFR001": (tf1("y = tf.log(x + 3.0)"), keras3("y = keras.ops.log(x + 3.0)")),
    "TFR002": (
        tf1("from tensorflow.python.ops import math_ops\ny = math_ops.square(x)"),
        keras3("y = keras.ops.square(x)"),
    ),
    "TFR003": (
        tf1("y = tf.reduce_mean(x, 1, keep_dims=True)"),
        keras3("y = keras.ops.mean(x, 1, keepdims=True)"),
    ),
    "TFR004": (
        tf1("import tensorflow.compat.v1 as tf\ny = tf.log(x + 3.0)"),
        keras3("y = keras.ops.log(x + 3.0)"),
    ),
    "TFR005": (
        tf1(
            """
            batches = tf.data.Dataset.from_tensor_slices(x).repeat(2).batch(4)
            batch = batches.make_one_shot_iterator().get_next()
            size = batches.output_shapes.ndims * x.get_shape()[1].value
            with tf.Session() as session:
                y = tf.reduce_sum(batch).eval(session=session)
            print(round(float(y) * size, 4))
            """,
            "",
        ),
        keras3(
            """
            import tensorflow as tf

            batches = tf.data.Dataset.from_tensor_slices(x).repeat(2).batch(4)
            size = len(batches.element_spec.shape) * x.shape[1]
            y = sum(keras.ops.sum(batch) for batch in batches) * size
            """
        ),
    ),
    "TFR006": (
        tf1("y = tf.gradients(tf.reduce_sum(x**3), x)[0]"),
        keras3(
            """
            import tensorflow as tf

            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = keras.ops.sum(x**3)
            y = tape.gradient(loss, x)
            """
        ),
    ),
    "TFR008": (
        tf1(
            """
            v = tf.Variable([1.0, -2.0])
            step = tf.train.GradientDescentOptimizer(0.25).minimize(tf.reduce_sum(v * v))
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                session.run(step)
                print(np.round(session.run(v), 4).tolist())
            """,
            "",
        ),
        keras3(
            """
            import tensorflow as tf

            v = keras.Variable([1.0, -2.0])
            optimizer = keras.optimizers.SGD(0.25)
            with tf.GradientTape() as tape:
                loss = keras.ops.sum(v * v)
            optimizer.apply([tape.gradient(loss, v.value)], [v])
            y = v
            """
        ),
    ),
    "TFR010": (
        tf1(f"y = tf.contrib.layers.fully_connected(x, 3, weights_initializer={HALF}) + x"),
        keras3(
            f"""
            y = tf_recipes.fully_connected(
                x, 3, activation="relu", kernel_initializer={KERAS_HALF}
            ) + x
            """
        ),
    ),
    "TFR011": (
        tf1(
            f"""
            y = tf.contrib.layers.fully_connected(
                x, 2, weights_initializer={HALF}, biases_initializer=tf.ones_initializer(),
                normalizer_fn=lambda z: 2.0 * z)
            """
        ),
        keras3(
            f"""
            dense = keras.layers.Dense(2, use_bias=False, kernel_initializer={KERAS_HALF})
            y = keras.ops.relu(2.0 * dense(x))
            """
        ),
    ),
    "TFR012": (
        tf1(f"y = tf.contrib.layers.conv2d({IMAGES}, 1, 3, stride=2, weights_initializer={HALF})"),
        keras3(
            f"""
            conv = keras.layers.Conv2D(
                1, 3, strides=2, padding="same", activation="relu", kernel_initializer={KERAS_HALF}
            )
            y = conv({KERAS_IMAGES})
            """
        ),
    ),
    "TFR013": (
        tf1("y = tf.reduce_max(tf.nn.dropout(tf.ones([1000]), 0.8))"),
        keras3(
            "y = keras.ops.max(keras.layers.Dropout(0.2)(keras.ops.ones([1000]), training=True))"
        ),
    ),
    "TFR014": (
        tf1("y = tf.contrib.layers.batch_norm(x, is_training=True)"),
        keras3(
            """
            norm = tf_recipes.BatchNormalization(momentum=0.999, epsilon=0.001, scale=False)
            y = norm(x, training=True)
            """
        ),
    ),
    "TFR015": (
        tf1(
            """
            norm = tf.layers.BatchNormalization()
            loss = tf.reduce_sum(tf.layers.batch_normalization(x, training=True, name="n") ** 3)
            step = tf.train.GradientDescentOptimizer(0.0).minimize(loss)
            with tf.control_dependencies([step]):
                y = tf.layers.batch_normalization(x, name="n", reuse=True)
            """
        ),
        keras3(
            """
            norm = tf_recipes.BatchNormalization(momentum=0.99, epsilon=0.001, fused=False)
            y = norm(x, training=False)  # as TF1: its averages never moved
            """
        ),
    ),
    "TFR016": (
        tf1("y = tf.layers.dropout(x, 0.4)"),
        keras3("y = keras.layers.Dropout(0.4)(x, training=False)"),
    ),
    "TFR017": (
        tf1("y = tf.contrib.layers.l2_regularizer(0.001)(100.0 * x)"),
        keras3("y = tf_recipes.l2_regularizer(0.001)(100.0 * x)"),
    ),
    "TFR018": (
        steps(
            "tf.train.MomentumOptimizer(tf.train.exponential_decay(0.1, "
            "tf.train.get_or_create_global_step(), 1, 0.5), 0.9)",
            ", tf.train.get_or_create_global_step()",
        ),
        keras_steps("tf_recipes.Momentum(tf_recipes.exponential_decay(0.1, 1, 0.5), momentum=0.9)"),
    ),
    "TFR019": (
        steps("tf.train.RMSPropOptimizer(0.1)"),
        keras_steps("tf_recipes.RMSProp(0.1, rho=0.9, momentum=0.0, epsilon=1e-10)"),
    ),
    "TFR020": (
        steps("tf.train.AdamOptimizer(0.1)"),
        keras_steps("tf_recipes.Adam(0.1, beta_1=0.9, beta_2=0.999, epsilon=1e-08)"),
    ),
    "TFR021": (
        tf1("y = tf.clip_by_norm(x, clip_norm=1.0, axes=1)"),
        keras3("y = tf_recipes.MaxNorm(1.0, axis=1)(x)"),
    ),
    "TFR022": (
        tf1(
            f"""
            with tf.variable_scope("r", initializer={HALF}):
                y, _ = tf.nn.rnn_cell.GRUCell(2)(x, 0.5 * tf.ones([2, 2]))
            """
        ),
        keras3(
            f"""
            cell = keras.layers.GRUCell(
                2, reset_after=False, kernel_initializer={KERAS_HALF},
                recurrent_initializer={KERAS_HALF})
            cell.build(x.shape)
            cell.bias.assign([1.0] * 4 + [0.0] * 2)  # those of the gates are ones
            y, _ = cell(x, [0.5 * keras.ops.ones([2, 2])])
            """
        ),
    ),
    "TFR023": (
        tf1("y = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 2], logits=x)"),
        keras3(
            """
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
            y = loss(keras.ops.convert_to_tensor([0, 2]), x)
            """
        ),
    ),
    "TFR024": (
        # the width of what is drawn: the limit of two standard deviations
        tf1(
            """
            y = tf.get_variable("w", [30000], initializer=tf.truncated_normal_initializer())
            y = tf.round(10 * tf.reduce_max(y)) / 10
            """
        ),
        keras3(
            """
            y = keras.initializers.TruncatedNormal(stddev=1.0)([30000])
            y = keras.ops.round(10 * keras.ops.max(y)) / 10
            """
        ),
    ),
    "TFR025": (
        tf1(
            """
            first = tf.layers.dense(x, 3, name="a")
            y = first - tf.layers.dense(x, 3, name="a", reuse=True)
            """
        ),
        keras3("layer = keras.layers.Dense(3)\ny = layer(x) - layer(x)"),
    ),
    "TFR026": (
        tf1(
            """
            a = tf.placeholder(tf.float32)
            total = tf.Variable(0.0)
            step = tf.assign_add(total, a)
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                for each in range(5):
                    session.run(step, feed_dict={a: each})
                print(float(session.run(total)))
            """,
            "",
        ),
        HEAD + "import keras\nprint(float(keras.ops.sum(keras.ops.arange(5.0))))\n",
    ),
    "TFR028": (
        tf1(f"y = tf.image.resize_bilinear({IMAGES}, [3, 3])"),
        keras3(
            f"""
            import tensorflow as tf

            y = tf.compat.v1.image.resize_bilinear({KERAS_IMAGES}, [3, 3])
            """
        ),
    ),
    "TFR030": (
        tf1(
            """
            v = tf.Variable(1.0)
            rate = tf.train.exponential_decay(0.1, tf.train.get_or_create_global_step(), 1, 0.5)
            train = tf.train.GradientDescentOptimizer(rate).minimize(tf.square(v))
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                for _ in range(3):
                    session.run(train)
                print(np.round(session.run(v), 4).tolist())
            """,
            "",
        ),
        HEAD
        + """import keras
import tf_recipes

v = keras.Variable(1.0)
optimizer = tf_recipes.GradientDescent(0.1)
optimizer.build([v])
for _ in range(3):
    optimizer.apply([2 * v])
print(np.round(keras.ops.convert_to_numpy(v), 4).tolist())
""",
    ),
    "TFR032": (
        tf1(
            """
            tables = [tf.reshape(tf.range(4.0), [2, 2]), tf.reshape(tf.range(4.0, 8.0), [2, 2])]
            y = tf.nn.embedding_lookup([tables[0], tables[1]], [0, 1, 2, 3])
            """
        ),
        keras3(
            """
            tables = [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0], [6.0, 7.0]]]
            table = keras.ops.reshape(keras.ops.stack(tables, axis=1), [-1, 2])
            y = keras.ops.take(table, [0, 1, 2, 3], axis=0)
            """
        ),
    ),
    "TFR031": (
        tf1(
            """
            GIVEN = dict(kernel_initializer="ones", recurrent_initializer="ones")
            rows = tf.reshape(x, [1, 3, 2])
            first = tf.keras.layers.LSTM(2, **GIVEN, recurrent_activation="hard_sigmoid")(rows)
            second = tf.keras.layers.GRU(2, **GIVEN)(0.1 * rows)
            y = tf.concat([first, second], 1)
            """
        ),
        keras3(
            """
            GIVEN = dict(kernel_initializer="ones", recurrent_initializer="ones")
            GIVEN["recurrent_activation"] = lambda x: keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)
            rows = keras.ops.reshape(x, [1, 3, 2])
            first = keras.layers.LSTM(2, **GIVEN)(rows)
            second = keras.layers.GRU(2, reset_after=False, **GIVEN)(0.1 * rows)
            y = keras.ops.concatenate([first, second], 1)
            """
        ),
    ),
    "TFR029": (
        tf1(
            """
            rows = tf.constant([True, False, True])
            y = tf.where(rows, tf.ones([3, 3]), tf.zeros([3, 3]))
            """
        ),
        keras3(
            """
            rows = keras.ops.expand_dims([True, False, True], -1)
            y = keras.ops.where(rows, keras.ops.ones([3, 3]), keras.ops.zeros([3, 3]))
            """
        ),
    ),
}
WITHOUT_NUMBERS = {
    "TFR007": "TensorFlow 1.15 refuses the order of arguments of 0.x, too",
    "TFR027": "TensorFlow 1.15 is run by Python 3.7, which reads no program of Python 2",
}
