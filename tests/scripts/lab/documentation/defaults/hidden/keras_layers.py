"""Measures the hidden defaults of Keras' optimizers, layers, initializers and dropout."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from keras_helpers import case, largest

# --- optimizers


def step_of(optimizer, gradient):
    weight = keras.Variable(0.0)
    optimizer.apply([gradient], [weight])
    return -weight


@case([np.sqrt(0.5)], [1e-6 / np.sqrt(2e-12 + 1e-7)])
def adagrad_epsilon():
    return step_of(keras.optimizers.Adagrad(1.0, initial_accumulator_value=1e-12), 1e-6)


@case([1], [1 / np.sqrt(0.1)])
def rmsprop_mean_square():
    return step_of(keras.optimizers.RMSprop(1.0), 1.0)


@case([1.1], [2])
def average_start():
    weight, optimizer = (
        keras.Variable(1.0),
        keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.9),
    )
    optimizer.apply([-1.0], [weight])
    optimizer.finalize_variable_values([weight])
    return weight


@case([3], [2.5])
def average_in_place():
    weight = keras.Variable(1.0)
    optimizer = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.apply([-1.0], [weight])
    optimizer.finalize_variable_values([weight])
    return weight


def decayed(optimizer):
    weight = keras.Variable(1.0)
    optimizer.apply([0.0], [weight])
    return 1.0 - weight


@case([0.25], [0.125])
def adamw_decay():
    return decayed(keras.optimizers.AdamW(0.5, weight_decay=0.25))


@case([0.25], [0.125])
def momentumw_decay():
    return decayed(keras.optimizers.SGD(0.5, momentum=0.9, weight_decay=0.25))


# Keras: u2 0.1 / (1 - u1 u2) + 1 with u1 = 0.468, u2 = 0.48528
@case([1.9], [1.0627875])
def nadam_first_step():
    return step_of(keras.optimizers.Nadam(1.0), 0.5)


@case([0.9], [0.8329966])
def lazy_rows():
    rows, optimizer = keras.Variable(np.ones((2, 1), "float32")), keras.optimizers.Adam(0.1)
    optimizer.build([rows])
    for row in (0, 1):
        optimizer.apply([tf.IndexedSlices(tf.constant([[0.5]]), [row], [2, 1])])
    return rows[0]


# --- layers


@case([12, 0], [12, 11])
def no_bias():
    image = (1, 4, 4, 2)
    built = [(layers.Dense(2), (1, 4)) for _ in range(5)]
    built += [(layers.Conv1D(2, 3), (1, 4, 2)), (layers.Conv2D(2, 3), image)]
    built += [(layers.Conv3D(2, 3), (1, 4, 4, 4, 2)), (layers.Conv2DTranspose(2, 3), image)]
    built += [
        (layers.Conv3DTranspose(2, 3), (1, 4, 4, 4, 2)),
        (layers.SeparableConv2D(2, 3), image),
    ]
    for layer, shape in built:
        layer.build(shape)
    names = [weight.name for layer, _ in built for weight in layer.weights]
    return [sum("kernel" in each for each in names), names.count("bias")]


def after_a_step(layer, inputs):
    layer(inputs, training=True)
    return layer


@case([0], [0.01])
def update_ops():
    return after_a_step(layers.BatchNormalization(), np.ones((2, 1))).moving_mean


@case([0], [0.01])
def layers_update_ops():
    return update_ops()


@case([2], [1])
def moving_variance():
    layer = layers.BatchNormalization(momentum=0.0)
    return after_a_step(layer, np.float32([[0], [2]])).moving_variance


@case([2], [1])
def layers_moving_variance():
    layer = layers.BatchNormalization(momentum=0.0)
    return after_a_step(layer, np.float32([0, 2]).reshape(2, 1, 1, 1)).moving_variance


@case([-1 / np.sqrt(1.5)], [0])
def layer_norm_axis():
    return layers.LayerNormalization()(np.float32([[[0, 0], [1, 3]]]))[0, 0, 0]


@case([1], [5e-4 / np.sqrt(2.5e-7 + 1e-3)])
def layer_norm_epsilon():
    return layers.LayerNormalization()(np.float32([[0, 1e-3]]))[0, 1]


@case([0], [0.5 / np.sqrt(0.25 + 1e-3)])
def instance_norm_groups():
    images = np.ones((1, 2, 2, 1), "float32") * np.arange(64, dtype="float32")
    return ops.max(ops.abs(layers.GroupNormalization()(images)))


@case([1e-7 / np.sqrt(1e-7)], [1])
def unit_norm_epsilon():
    return layers.UnitNormalization()(np.float32([[1e-7, 0]]))[0, 0]


@case([0.2], [0.05], 1e-3)
def embedding_range():
    layer = layers.Embedding(100, 50)
    layer.build()
    return largest(layer.embeddings)


@case([2.5], [5])
def l2_half():
    return keras.regularizers.L2(1.0)(np.float32([1, 2]))


@case([2.5], [5])
def l1_l2_half():
    return keras.regularizers.L1L2(l2=1.0)(np.float32([1, 2]))


# --- initializers


@case([2 * np.sqrt(1.3 * 0.02)], [2 * np.sqrt(0.02) / 0.87962566], 1e-4)
def variance_scaling_width():
    return largest(keras.initializers.VarianceScaling(2.0)((100, 10000)))


@case([1], [0.05], 1e-3)
def random_uniform_range():
    return ops.max(keras.initializers.RandomUniform()((10000,)))


@case([np.sqrt(0.03)], [0.2 / 0.87962566], 3e-3)
def unit_scaling_range():
    return largest(keras.initializers.VarianceScaling()((100, 1000)))


# --- dropout: the share that is zero


def dropped(layer):
    """Measures the share in `fit` and in `evaluate`; the share is the loss, with gradient 0."""

    def loss(_, outputs):
        return ops.mean(ops.cast(outputs == 0, "float32") + 0 * outputs, -1)

    kept = layers.Dense(100, use_bias=False, kernel_initializer="identity")
    model = keras.Sequential([keras.Input((100,)), layer, kept])
    model.compile("sgd", loss=loss)
    data = np.ones((100, 100))
    fit = model.fit(data, data, batch_size=100, verbose=0).history["loss"]
    return [fit[0], model.evaluate(data, data, verbose=0)]


@case([0.1], [0.9], 0.02)
def keep_prob():
    return dropped(layers.Dropout(0.9))[:1]


@case([0.1], [0.9], 0.02)
def nn_keep_prob():
    return keep_prob()


@case([0.5], [0.5, 0], 0.02)
def dropout_training():
    return dropped(layers.Dropout(0.5))


@case([0], [0.5, 0], 0.02)
def layers_dropout_training():
    return dropout_training()


@case([0.5], [0.5, 0], 0.02)
def nn_dropout_training():
    return dropout_training()
