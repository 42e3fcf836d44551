"""Trains with the code that XLA makes by its own settings, which the other tests do not wait for.

See `tests/support/xla_flags.py`. XLA reads its flags once, so that this takes a process of its own.
"""

import json

ULP = 2.0**-23
ROUNDING = 20 * ULP  # as in test_model.py

TRAIN = """
import json
import keras
import numpy as np
import tf_recipes
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.recipe import Recipe

L = keras.layers
rng = np.random.default_rng(0)
x, y = rng.random((60, 36), np.float32), rng.integers(0, 10, 60)
recipe = Recipe(name="small", hidden=(12,), activation="elu", keep_prob=0.75, batch_norm={})
images = keras.Input((36,))
found = L.MaxPool2D()(L.Conv2D(3, 3, activation="gelu")(L.Reshape((6, 6, 1))(images)))
found = L.LayerNormalization()(L.Dense(5, "softplus")(L.Flatten()(found)))
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
keras.utils.set_random_seed(1)
net = FastFitModel(images, L.Dense(10, kernel_regularizer="l2")(found))
net.compile("adam", loss, metrics=["accuracy"])


def trained(model, x):
    state = [*model.variables, *model.optimizer.variables]
    start = [each.numpy() for each in state]
    results = []
    for fit in (FastFitModel.fit, keras.Model.fit):
        for variable, value in zip(state, start, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(5)
        history = fit(model, x, y, batch_size=10, epochs=3, verbose=0).history
        results.append([*map(np.asarray, history.values()), *(each.numpy() for each in state)])
    assert model.loop("train").uses_xla
    return max(
        float(np.max(np.abs(a - b) / np.maximum(1, np.abs(b)), initial=0))
        for a, b in zip(*results, strict=True)
    )


made = tf_recipes.models.build(recipe)
made.optimizer.build(made.trainable_variables)
net.optimizer.build(net.trainable_variables)
distances = [trained(made, rng.random((60, 784), np.float32)), trained(net, x)]
print(json.dumps(distances))
"""


def test_optimized_code_has_the_results_of_keras(run_python, monkeypatch):
    monkeypatch.delenv("XLA_FLAGS")
    distances = json.loads(run_python(TRAIN))
    assert len(distances) == 2 and max(distances) <= ROUNDING
