"""Trains on Keras' JAX backend by Keras' own `fit` and by the loop, and prints what differs.

    KERAS_BACKEND=jax XLA_FLAGS=--xla_force_host_platform_device_count=2 python fit_on_jax.py FOLDER

FOLDER holds `saved.keras`, a model that another backend saved.

TensorFlow must not be imported: the program refuses to.
"""

import contextlib
import importlib.abc
import json
import os
import random
import signal
import sys


class NoTensorFlow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ImportError("This program must do without TensorFlow.")


if __name__ == "__main__":  # pytest looks for doctests in this file, too
    sys.meta_path.insert(0, NoTensorFlow())

import keras  # noqa: E402
import numpy as np  # noqa: E402

import tf_recipes  # noqa: E402

ROWS = np.random.default_rng(0).random((47, 6)).astype("float32")
LABELS = np.arange(47) * 7 % 3
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def momentum(**options):
    return tf_recipes.Momentum(tf_recipes.exponential_decay(0.1, 10, 0.5), **options)


def built(kind, optimizer, layers=(), **options):
    """Returns a compiled model of the class `kind`, the same for each class."""
    keras.utils.set_random_seed(7)
    inputs = hidden = keras.Input((6,))
    for layer in (keras.layers.Dense(5, activation="elu"), *layers, keras.layers.Dense(3)):
        hidden = layer(hidden)
    model = kind(inputs, hidden, **options)
    model.compile(optimizer, LOSS, metrics=["accuracy"])
    return model


def trained(model, **arguments):
    """Returns history and weights."""
    given = {"batch_size": 5, "epochs": 3, "verbose": 0, **arguments}
    keras.utils.set_random_seed(5)
    fitted = model.fit(ROWS, LABELS, **given)
    return fitted.history, model.get_weights()


def distance(one, other):
    """Returns the largest distance of any number of two trainings."""
    (history, weights), (other_history, other_weights) = one, other
    assert history.keys() == other_history.keys()
    pairs = [(history[key], other_history[key]) for key in history]
    pairs += zip(weights, other_weights, strict=True)
    return max(float(np.abs(np.subtract(a, b)).max()) for a, b in pairs)


def compared(model, keras_model, **arguments):
    """Trains both; returns their distance, and with which batch sizes the loop ran."""
    found = distance(trained(model, **arguments), trained(keras_model, **arguments))
    return [found, sorted(size for size, _ in model.loop("train")._has_run)]


def everything():
    """Compares batch norm, dropout, class weights, a short last batch, and validation."""

    def make(kind):
        layers = [tf_recipes.BatchNormalization(momentum=0.9), tf_recipes.Dropout(0.8, seed=3)]
        return built(kind, momentum(), layers)

    given = {"class_weight": {0: 2.0, 1: 0.5}, "validation_split": 0.3, "batch_size": 8}
    return compared(make(tf_recipes.FastFitModel), make(keras.Model), **given)


def streamed():
    """Compares chunks of rows, sample weights, and callbacks that change the rate and draw."""
    models = [
        built(kind, keras.optimizers.SGD(0.1, momentum=0.9))
        for kind in (tf_recipes.FastFitModel, keras.Model)
    ]
    models[0].memory_budget = 600  # bytes: four steps at a time
    halved = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    drawing = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: epoch == 1 and np.random.rand()
    )
    given = {"sample_weight": np.linspace(0, 1, 47), "epochs": 4}
    return compared(*models, callbacks=[halved, drawing], **given)


def clipped():
    """Compares the clipping of the model with that of the optimizer."""
    model = built(tf_recipes.GradientClippingModel, momentum(), clip_value=0.003)
    return compared(model, built(keras.Model, momentum(clipvalue=0.003)), shuffle=False)


def seen_by_a_callback():
    """Returns the numbers of the batches after which a callback with an interval of 4 is called."""
    seen = []

    class Looks(keras.callbacks.Callback):
        batch_interval = 4

        def on_train_batch_end(self, batch, logs=None):
            seen.append([batch, isinstance(logs["loss"], float)])

    trained(built(tf_recipes.FastFitModel, momentum()), epochs=1, callbacks=[Looks()])
    return seen


def own_code():
    """Returns whether the loop ran for steps that only Keras' own path may run."""

    class Noise(keras.layers.Layer):
        def call(self, inputs):
            return inputs + random.random()

    class Stepping(tf_recipes.FastFitModel):
        def train_step(self, state, data):
            return super().train_step(state, data)

    ran = []
    for kind, layers in ((tf_recipes.FastFitModel, [Noise()]), (Stepping, [])):
        model = built(kind, momentum(), layers)
        trained(model, epochs=1)
        ran.append(bool(model.loop("train")._has_run))
    return ran


def kept_copies():
    """Returns whether a `fit` takes the copies of the last one, and which losses it then has."""
    model = built(tf_recipes.FastFitModel, keras.optimizers.SGD(0.0))
    rows, labels = ROWS.copy(), LABELS.copy()

    def fit():
        loss = model.fit(rows, labels, batch_size=47, shuffle=False, verbose=0).history["loss"][0]
        return loss, [each[1] for each in model._engine._copies._kept.values()]

    (first, before), (same, again) = fit(), fit()
    rows[3] += 1
    changed, _ = fit()
    kept = [a is b for a, b in zip(before, again, strict=True)]
    return [kept, first == same != changed]


def interrupted():
    """Returns, for Ctrl-C in some calls of the compiled functions, whether `fit` ends well.

    `fit` must end with that call, the weights must be those after the steps that were done, and
    the model must train on.
    """
    model = built(tf_recipes.FastFitModel, momentum(use_ema=True))
    given = {"epochs": 2, "validation_data": (ROWS, LABELS)}
    found = []
    for place in (1, 3, 5):
        if found:  # the model trains on
            trained(model, epochs=1)
        model.optimizer.build(model.trainable_variables)
        model.optimizer.iterations.assign(0)
        calls = counted_calls(model, place)
        try:
            trained(model, **given)
        except KeyboardInterrupt:
            steps = int(model.optimizer.iterations.numpy())
            finite = all(np.isfinite(weight).all() for weight in model.get_weights())
            found.append([len(calls) == place, steps == sum(calls), finite])
        del model.loop("train")._call, model.loop("test")._call
    return found


def counted_calls(model, place):
    """Makes SIGINT come in the call of a loop with this number; returns the steps of each call."""
    calls = []

    def count(loop, trains):
        real = type(loop)._call

        def call(state, chunk, steps, *rest):
            calls.append(steps * trains)
            if len(calls) == place:
                os.kill(os.getpid(), signal.SIGINT)
            return real(loop, state, chunk, steps, *rest)

        loop._call = call

    count(model.loop("train"), 1)
    count(model.loop("test"), 0)
    return calls


def on_two_devices():
    """Compares one device with two that share each batch."""
    layers = (tf_recipes.BatchNormalization, {"momentum": 0.9}), (tf_recipes.Dropout, {"seed": 3})

    def make():
        (norm, given), (dropout, others) = layers
        return built(
            tf_recipes.GradientClippingModel,
            momentum(),
            [norm(**given), dropout(0.8, **others)],
            clip_value=0.01,
        )

    given = {"batch_size": 8, "validation_split": 0.3}
    alone = trained(make(), **given)
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(keras.distribution.DeviceMesh((2,), ["batch"]))
    )
    model = make()
    found = distance(alone, trained(model, **given))
    ran = sorted(size for size, _ in model.loop("train")._has_run)
    devices = len(model.weights[0].value.sharding.device_set)
    return [found, ran, devices]


def saved_elsewhere():
    """Goes on with a model that another backend saved, and saves a model for it.

    Returns:
        The step at which the model was saved, the loop's batch sizes and the weights at the end;
        none without a folder.
    """
    if len(sys.argv) < 2:
        return None
    model = keras.saving.load_model(f"{sys.argv[1]}/saved.keras")
    before = int(model.optimizer.iterations)
    _, weights = trained(model, shuffle=False)
    model.save(f"{sys.argv[1]}/gone_on.keras")
    sizes = sorted(size for size, _ in model.loop("train")._has_run)
    return [type(model).__name__, before, sizes, [each.tolist() for each in weights]]


def names_that_fail():
    names = sorted({*tf_recipes._NAMES, *tf_recipes._MODULES})
    failing = []
    for name in names:
        with contextlib.suppress(ImportError):
            getattr(tf_recipes, name)
            continue
        failing.append(name)
    return failing


if __name__ == "__main__":
    parts = (everything, streamed, clipped, seen_by_a_callback, own_code, kept_copies, interrupted)
    parts = (names_that_fail, saved_elsewhere, *parts, on_two_devices)
    found = {part.__name__: part() for part in parts}
    print(json.dumps(found))
