"""A compiled `tf.keras` model of TF 1.15, saved by a `tf.train.Saver` with its optimizer."""

import tensorflow as tf

LOSS = "loss/mul:0"
OUTPUTS = ["classes/Softmax:0"]
TRAIN = {"keras_learning_phase": True}
EVAL = {"keras_learning_phase": False}


def build():
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Conv1D(6, 3, activation="relu", input_shape=(10, 4), name="conv"),
            tf.keras.layers.BatchNormalization(momentum=0.9, name="norm"),
            tf.keras.layers.MaxPooling1D(2, name="pool"),
            tf.keras.layers.Flatten(name="flatten"),
            tf.keras.layers.Dropout(0.25, name="dropout"),
            tf.keras.layers.Dense(3, activation="softmax", name="classes"),
        ]
    )
    optimizer = tf.keras.optimizers.Adam(0.01)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    # what `fit` runs
    updates = optimizer.get_updates(model.total_loss, model.trainable_weights)
    tf.add_to_collection("train_op", tf.group(updates, model.get_updates_for(model.inputs)))


def feeds(rng):
    return {
        "conv_input": rng.randn(40, 10, 4).astype("float32"),
        "classes_target": rng.randint(0, 3, (40, 1)).astype("float32"),
    }
