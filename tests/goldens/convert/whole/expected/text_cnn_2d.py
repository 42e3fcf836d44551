"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    input_x = keras.Input(shape=(10,), dtype="int32", name="input_x")
    embedding = keras.layers.Embedding(20, 6, name="embedding")(input_x)
    expand_dims = keras.ops.expand_dims(embedding, axis=-1)
    conv_maxpool_3 = keras.layers.Conv2D(
        4, (3, 6), activation="relu", name="conv_maxpool_3"
    )(expand_dims)
    conv_maxpool_3_pool = keras.layers.MaxPooling2D(
        (8, 1), strides=1, name="conv_maxpool_3_pool"
    )(conv_maxpool_3)
    conv_maxpool_4 = keras.layers.Conv2D(
        4, (4, 6), activation="relu", name="conv_maxpool_4"
    )(expand_dims)
    conv_maxpool_4_pool = keras.layers.MaxPooling2D(
        (7, 1), strides=1, name="conv_maxpool_4_pool"
    )(conv_maxpool_4)
    concat = keras.ops.concatenate([conv_maxpool_3_pool, conv_maxpool_4_pool], axis=3)
    reshape = keras.layers.Flatten(name="Reshape")(concat)
    dropout_dropout = keras.layers.Dropout(0.5, name="dropout_dropout")(reshape)
    w = keras.layers.Dense(
        2,
        kernel_regularizer=keras.regularizers.L2(0.05),
        bias_regularizer=keras.regularizers.L2(0.05),
        name="W",
    )(dropout_dropout)
    model = keras.Model(input_x, w)
    model.compile(
        optimizer=tf_recipes.Adam(0.01),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
