"""Saves one trained model for each public class, and what the model gives out, for later versions.

    python tests/goldens/save_models.py tests/goldens/saved_models

The files there were saved by version 0.1.0 before its modules were moved into folders, on
TensorFlow 2.21 and Keras 3.15. A later version must load them: `tests/test_saved_files.py`.
"""

import pathlib
import sys

import keras
import numpy as np

import tf_recipes


def image_model(optimizer):
    """A model with the package's layers, initializers, regularizers and constraints."""
    inputs = keras.Input((8, 8, 1), name="image")
    outputs = tf_recipes.ImageAugmentation(shift=0.1, rotation=10, seed=1, name="augment")(inputs)
    outputs = keras.layers.Conv2D(
        2,
        3,
        use_bias=False,
        kernel_initializer=tf_recipes.xavier_init(seed=2),
        kernel_constraint=tf_recipes.MaxNorm(0.5, axis=(0, 1, 2)),
        name="convolution",
    )(outputs)
    outputs = tf_recipes.BatchNormalization(momentum=0.9, scale=True, name="norm")(outputs)
    outputs = keras.layers.Activation(tf_recipes.leaky_relu, name="leaky_relu")(outputs)
    outputs = keras.layers.Flatten(name="flatten")(outputs)
    outputs = tf_recipes.Dropout(0.9, seed=3, name="dropout")(outputs)
    outputs = keras.layers.Dense(
        4,
        activation=tf_recipes.elu,
        kernel_initializer=tf_recipes.he_init(seed=4),
        kernel_regularizer=tf_recipes.l1_l2_regularizer(0.001, 0.01),
        name="dense",
    )(outputs)
    outputs = keras.layers.Dense(3, kernel_initializer="ones", name="outputs")(outputs)
    model = keras.Model(inputs, outputs, name="image_model")
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def recipe_model(name, port):
    """A recipe of the catalog with small layers."""
    recipe = tf_recipes.catalog.get(name).replace(hidden=(5, 4), batch_size=4)
    return tf_recipes.models.build(recipe, port)


def svm_model():
    """A linear head on the frozen features of another model."""
    net = keras.Sequential(
        [
            keras.Input((3,), name="x"),
            keras.layers.Dense(4, activation="tanh", kernel_initializer="ones", name="features"),
            keras.layers.Dense(3, name="classes"),
        ]
    )
    features = tf_recipes.feature_extractor(net, "features")
    return tf_recipes.svm_head(features, classes=3, samples=12)


def models():
    """`{name: compiled model}`."""
    rate = tf_recipes.exponential_decay(0.01, 5, 0.9)
    return {
        "momentum": image_model(tf_recipes.Momentum(rate, 0.9, nesterov=True)),
        "adagrad": image_model(tf_recipes.Adagrad(0.01)),
        "rmsprop": image_model(tf_recipes.RMSProp(0.01, momentum=0.5, centered=True)),
        "adam": image_model(tf_recipes.Adam(0.01)),
        "fast_fit": recipe_model("l2", "exact"),
        "gradient_clipping": recipe_model("gradient_clipping", "exact"),
        "textbook": recipe_model("best_practice", "textbook"),
        "best_practice": recipe_model("best_practice", "exact"),
        "svm_head": svm_model(),
    }


def batch(model):
    """Twelve made-up inputs of the model's shape, and labels."""
    shape = (12, *model.input_shape[1:])
    values = np.arange(np.prod(shape)) ** 2 % 11 / 11
    return values.reshape(shape).astype("float32"), np.arange(12) % 3


def main(folder):
    """Trains each model for two steps, saves it, and keeps what it says of the same inputs."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, model in models().items():
        inputs, labels = batch(model)
        for _ in range(2):
            model.train_on_batch(inputs, labels)
        model.save(folder / f"{name}.keras")
        expected[f"{name}/outputs"] = np.asarray(model(inputs, training=False))
        for k, variable in enumerate(model.optimizer.variables):
            expected[f"{name}/optimizer/{k}"] = np.asarray(variable)
    np.savez_compressed(folder / "expected.npz", **expected)


if __name__ == "__main__":
    main(sys.argv[1])
