"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    input_x = keras.Input(shape=(12,), dtype="int32", name="input_x")
    embedding = keras.layers.Embedding(30, 6, name="embedding")(input_x)
    conv2 = keras.layers.Conv1D(5, 2, activation="relu", name="conv2")(embedding)
    cnn_gmp = keras.layers.GlobalMaxPooling1D(name="cnn_gmp")(conv2)
    conv3 = keras.layers.Conv1D(5, 3, activation="relu", name="conv3")(embedding)
    cnn_1_gmp = keras.layers.GlobalMaxPooling1D(name="cnn_1_gmp")(conv3)
    conv4 = keras.layers.Conv1D(5, 4, activation="relu", name="conv4")(embedding)
    cnn_2_gmp = keras.layers.GlobalMaxPooling1D(name="cnn_2_gmp")(conv4)
    concat = keras.ops.concatenate([cnn_gmp, cnn_1_gmp, cnn_2_gmp], axis=1)
    fc1 = keras.layers.Dense(10, name="fc1")(concat)
    score_dropout_dropout_1 = keras.layers.Dropout(0.5, name="score_Dropout_dropout_1")(
        fc1
    )
    relu = keras.activations.relu(score_dropout_dropout_1)
    fc2 = keras.layers.Dense(4, name="fc2")(relu)
    model = keras.Model(input_x, fc2)
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
