"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


@keras.saving.register_keras_serializable(package="model")
def loss(y_true, y_pred):
    """Returns the loss of a batch."""
    y_true = keras.ops.cast(y_true, "int64")
    add = (keras.ops.one_hot(y_true, 4) * 0.9) + 0.025
    entropy = keras.losses.categorical_crossentropy(add, y_pred, from_logits=True)
    return keras.ops.mean(entropy)


def build():
    """Returns the model, with new weights."""
    images = keras.Input(shape=(8, 8, 3), name="images")
    tiny_conv2d_1a_3x3 = keras.layers.Conv2D(
        6,
        3,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.001),
        name="Tiny_Conv2d_1a_3x3",
    )(images)
    tiny_conv2d_1a_3x3_batch_norm = tf_recipes.BatchNormalization(
        momentum=0.9, name="Tiny_Conv2d_1a_3x3_BatchNorm"
    )(tiny_conv2d_1a_3x3)
    relu = keras.activations.relu(tiny_conv2d_1a_3x3_batch_norm)
    branch_0_conv2d_0a_1x1 = keras.layers.Conv2D(
        4,
        1,
        padding="same",
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.001),
        name="Tiny_Mixed_2b_Branch_0_Conv2d_0a_1x1",
    )(relu)
    conv2d_0a_1x1_batch_norm = tf_recipes.BatchNormalization(
        momentum=0.9, name="Tiny_Mixed_2b_Branch_0_Conv2d_0a_1x1_BatchNorm"
    )(branch_0_conv2d_0a_1x1)
    relu_1 = keras.activations.relu(conv2d_0a_1x1_batch_norm)
    branch_1_conv2d_0a_1x1 = keras.layers.Conv2D(
        4,
        1,
        padding="same",
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.001),
        name="Tiny_Mixed_2b_Branch_1_Conv2d_0a_1x1",
    )(relu)
    conv2d_0a_1x1_batch_norm_1 = tf_recipes.BatchNormalization(
        momentum=0.9, name="Tiny_Mixed_2b_Branch_1_Conv2d_0a_1x1_BatchNorm"
    )(branch_1_conv2d_0a_1x1)
    relu_2 = keras.activations.relu(conv2d_0a_1x1_batch_norm_1)
    branch_1_conv2d_0b_3x3 = keras.layers.Conv2D(
        5,
        3,
        padding="same",
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.001),
        name="Tiny_Mixed_2b_Branch_1_Conv2d_0b_3x3",
    )(relu_2)
    conv2d_0b_3x3_batch_norm = tf_recipes.BatchNormalization(
        momentum=0.9, name="Tiny_Mixed_2b_Branch_1_Conv2d_0b_3x3_BatchNorm"
    )(branch_1_conv2d_0b_3x3)
    relu_3 = keras.activations.relu(conv2d_0b_3x3_batch_norm)
    branch_2_avg_pool_0a_3x3 = keras.layers.AveragePooling2D(
        3, strides=1, padding="same", name="Tiny_Mixed_2b_Branch_2_AvgPool_0a_3x3"
    )(relu)
    branch_2_conv2d_0b_1x1 = keras.layers.Conv2D(
        3,
        1,
        padding="same",
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.001),
        name="Tiny_Mixed_2b_Branch_2_Conv2d_0b_1x1",
    )(branch_2_avg_pool_0a_3x3)
    conv2d_0b_1x1_batch_norm = tf_recipes.BatchNormalization(
        momentum=0.9, name="Tiny_Mixed_2b_Branch_2_Conv2d_0b_1x1_BatchNorm"
    )(branch_2_conv2d_0b_1x1)
    relu_4 = keras.activations.relu(conv2d_0b_1x1_batch_norm)
    concat = keras.ops.concatenate([relu_1, relu_3, relu_4], axis=3)
    tiny_avg_pool_1a = keras.layers.AveragePooling2D(
        4, strides=1, name="Tiny_AvgPool_1a"
    )(concat)
    squeeze = keras.ops.squeeze(tiny_avg_pool_1a, axis=(1, 2))
    tiny_logits = keras.layers.Dense(
        4, kernel_regularizer=keras.regularizers.L2(0.001), name="Tiny_Logits"
    )(squeeze)
    model = keras.Model(images, tiny_logits)
    model.compile(
        optimizer=tf_recipes.Momentum(
            learning_rate=tf_recipes.exponential_decay(
                0.05, decay_steps=3, decay_rate=0.5, staircase=True
            ),
            momentum=0.9,
        ),
        loss=loss,
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
