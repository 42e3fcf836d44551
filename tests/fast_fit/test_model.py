"""Tests that `fit` has the results of Keras' own `fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf_recipes.fast_fit import batches
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.recipe import Recipe

ULP = 2.0**-23
ROUNDING = 20 * ULP  # a dozen steps of float32 arithmetic in another order


@pytest.fixture
def data(digits):
    images, labels = digits
    return images[:58], labels[:58]  # a last batch of 8


@pytest.fixture
def divided(digits):
    """Data of which a quarter, 20 rows, leaves as many rows as `data` has: less to compile."""
    return tuple(np.concatenate([each, each[:14]]) for each in digits)


def build(jit_compile="auto", **compile_arguments):
    recipe = Recipe(name="small", hidden=(12,), activation="elu", keep_prob=0.75, batch_norm={})
    return tf_recipes.models.build(recipe, jit_compile=jit_compile, **compile_arguments)


@pytest.fixture(scope="module")
def models():
    """`{kind: (a model that several tests train, its first values)}`, see `reused`."""
    return {}


@pytest.fixture
def reused(models):
    """`reused(kind, jit_compile)`: the model of this kind, made once, as if it were new.

    What it has compiled remains, and the tracing of a step is what costs the time of a `fit`.
    """

    def as_new(kind, jit_compile):
        if kind not in models:
            model = build(jit_compile)
            model.optimizer.build(model.trainable_variables)
            models[kind] = model, [v.numpy() for v in all_variables(model)]
        model, values = models[kind]
        for variable, value in zip(all_variables(model), values, strict=True):
            variable.assign(value)
        return model

    return as_new


@pytest.fixture
def by_keras(reused):
    """`by_keras(*args, **kwargs)`: the result of `fitted` with Keras' own `fit`."""
    return lambda *args, **kwargs: fitted(
        keras.Model.fit, reused("by Keras", False), *args, **kwargs
    )


@pytest.fixture
def by_loop(reused):
    """`by_loop(jit_compile, *args, **kwargs)`: the result of `fitted` with the loop."""
    return lambda jit_compile, *args, **kwargs: fitted(
        FastFitModel.fit, reused(jit_compile, jit_compile), *args, **kwargs
    )


def small(**compile_arguments):
    """A model whose steps are traced in little time, for what does not depend on its layers."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((784,))
    hidden = keras.layers.Dense(3)(tf_recipes.Dropout(0.5, seed=3)(inputs))
    model = FastFitModel(inputs, keras.layers.Dense(10, name="outputs")(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        **{"optimizer": "sgd", "loss": loss, "metrics": ["accuracy"], **compile_arguments}
    )
    return model


def all_variables(model):
    return model.variables + model.optimizer.variables


def fitted(fit, model, *args, **kwargs):
    """Returns the history and all variables after a `fit` with a fixed seed."""
    keras.utils.set_random_seed(5)
    history = fit(model, *args, batch_size=10, epochs=2, verbose=0, **kwargs)
    return history.history, [v.numpy() for v in all_variables(model)]


CASES = {
    "plain": lambda x, y: {},
    "no shuffling": lambda x, y: {"shuffle": False},
    "sample weights": lambda x, y: {"sample_weight": np.linspace(0, 2, len(x))},
    "class weights": lambda x, y: {"class_weight": {0: 3.0, 4: 0.25}},
    "validation data": lambda x, y: {"validation_data": (x[:13], y[:13])},
    "weighted validation": lambda x, y: {"validation_data": (x[:3], y[:3], np.arange(3.0))},
    "validation split": lambda x, y: {"validation_split": 0.25},
    "validation batch": lambda x, y: {"validation_split": 0.25, "validation_batch_size": 7},
    "seldom validated": lambda x, y: {"validation_split": 0.25, "validation_freq": 2},
    "later epoch": lambda x, y: {"initial_epoch": 1},
}


@pytest.mark.parametrize("arguments", CASES.values(), ids=CASES)
@pytest.mark.parametrize("jit_compile", ["auto", False])
def test_history_and_variables_are_those_of_keras(
    arguments, jit_compile, data, divided, by_keras, by_loop
):
    arguments = arguments(*data)
    data = divided if "validation_split" in arguments else data
    expected, variables = by_keras(*data, **arguments)
    history, found = by_loop(jit_compile, *data, **arguments)
    assert history.keys() == expected.keys()
    for key, values in expected.items():
        assert history[key] == pytest.approx(values, rel=ROUNDING, abs=0)
    for value, other in zip(variables, found, strict=True):
        np.testing.assert_allclose(other, value, rtol=ROUNDING, atol=ROUNDING)


def test_without_xla_and_without_a_smaller_last_batch_all_bits_are_those_of_keras(digits, by_loop):
    images, labels = digits
    data = images[:60], labels[:60]
    # A new model: where Keras knows the rows of each batch, its function has other roundings.
    expected, variables = fitted(keras.Model.fit, build(False), *data, validation_data=data)
    history, found = by_loop(False, *data, validation_data=data)
    assert history == expected
    for value, other in zip(variables, found, strict=True):
        np.testing.assert_array_equal(other, value)


def test_the_loop_is_what_runs(data, monkeypatch):
    model = small()
    monkeypatch.setattr(FastFitModel, "loop", lambda self, kind: pytest.fail(f"loop {kind}"))
    with pytest.raises(pytest.fail.Exception, match="loop train"):
        model.fit(*data, verbose=0)


@pytest.mark.parametrize(
    "arguments",
    [{"run_eagerly": True}, {"jit_compile": False, "run_eagerly": True}],
    ids=str,
)
def test_run_eagerly(arguments, data, monkeypatch):
    model = build(**arguments)
    monkeypatch.setattr(FastFitModel, "loop", lambda self, kind: pytest.fail(f"loop {kind}"))
    history = model.fit(*data, batch_size=29, verbose=0).history
    assert len(history["loss"]) == 1


def test_datasets_take_the_path_of_keras(data):
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(10)
    model, other = small(), small()
    history = model.fit(dataset, epochs=2, shuffle=False, verbose=0).history
    expected = other.fit(*data, batch_size=10, epochs=2, shuffle=False, verbose=0).history
    assert history["loss"] == pytest.approx(expected["loss"], rel=ROUNDING)


class Batches(keras.callbacks.Callback):
    """Records every call, and the value of a weight at this time."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(("begin", batch))

    def on_train_batch_end(self, batch, logs=None):
        weight = self.model.get_layer("outputs").kernel.numpy()[0, 0]
        self.calls.append(("end", batch, logs["loss"], logs["accuracy"], weight))

    def on_test_batch_end(self, batch, logs=None):
        self.calls.append(("test", batch, logs["loss"]))


def test_a_callback_for_batches_gets_every_batch_as_keras_would_call_it(divided, by_keras, by_loop):
    callbacks = Batches(), Batches()
    by_keras(*divided, validation_split=0.25, callbacks=[callbacks[0]])
    by_loop(False, *divided, validation_split=0.25, callbacks=[callbacks[1]])
    seen = [callback.calls for callback in callbacks]
    assert len(seen[0]) == 2 * (6 + 6 + 2)  # 58 and 20 rows in batches of 10
    for found, expected in zip(*seen, strict=True):
        assert found[:2] == expected[:2]
        assert found[2:] == pytest.approx(expected[2:], rel=ROUNDING)


class SomeBatches(keras.callbacks.Callback):
    def __init__(self, batch_interval):
        super().__init__()
        self.batch_interval = batch_interval
        self.batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(batch)


@pytest.mark.parametrize(("interval", "batches"), [(None, [5, 5]), (4, [3, 5, 3, 5])])
def test_a_callback_that_can_do_with_fewer_gets_those_and_the_last(
    data, interval, batches, by_loop
):
    callback = SomeBatches(interval)
    by_loop("auto", *data, callbacks=[callback])
    assert callback.batches == batches


def test_steps_per_execution_is_kept(data):
    model = small(steps_per_execution=4)
    callback = Batches()
    fitted(FastFitModel.fit, model, *data, callbacks=[callback])
    assert [call[1] for call in callback.calls if call[0] == "end"] == [3, 5, 3, 5]
    assert model.steps_per_execution == 4


def test_training_stops_when_a_callback_says_so(data, by_loop):
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(stop.model, "stop_training", True)
    )
    history, _ = by_loop("auto", *data, callbacks=[stop])
    assert len(history["loss"]) == 1


def test_progress_is_shown_as_by_keras(data, capsys, reused):
    reused("auto", "auto").fit(*data, batch_size=10, epochs=2, verbose=2)
    assert capsys.readouterr().out.count("6/6 - ") == 2


def test_large_data_streams_in_chunks_with_the_same_result(
    divided, tmp_path, monkeypatch, reused, by_loop
):
    images, labels = divided
    file = np.memmap(tmp_path / "images", "float32", "w+", shape=images.shape)
    file[:] = images
    expected = by_loop("auto", images, labels, validation_split=0.25)
    two_batches = 2 * 10 * (784 * 4 + 8)
    monkeypatch.setattr(reused("auto", "auto"), "memory_budget", two_batches)
    history, variables = by_loop("auto", file, labels, validation_split=0.25)
    assert history == expected[0]
    for value, other in zip(variables, expected[1], strict=True):
        np.testing.assert_array_equal(value, other)


@pytest.mark.parametrize("value", [0, -1, 1.5, "1 GB"])
def test_memory_budget_must_be_whole_bytes(value, fails):
    model = build()
    with fails("memory_budget", repr(value)):
        model.memory_budget = value


def test_a_second_fit_goes_on_and_compiles_nothing(data):
    model = small()
    fitted(FastFitModel.fit, model, *data)
    functions = [model.loop("train")._run, model.loop("train")._run_xla]
    traces = [each.experimental_get_tracing_count() for each in functions]
    assert traces == [1, 1]
    fitted(FastFitModel.fit, model, *data)
    assert model.optimizer.iterations.numpy() == 24
    assert [each.experimental_get_tracing_count() for each in functions] == traces


def test_compiling_anew_takes_effect(digits):
    data = [each[:60] for each in digits]
    model = small(optimizer="adam")
    fitted(FastFitModel.fit, model, *data)
    before = model.get_layer("outputs").kernel.numpy()
    model.get_layer("outputs").trainable = False
    model.compile(optimizer="sgd", loss=model.loss)
    fitted(FastFitModel.fit, model, *data)
    np.testing.assert_array_equal(model.get_layer("outputs").kernel.numpy(), before)


def test_evaluate_and_fit_on_datasets_work_afterwards(data):
    model = small()
    history, _ = fitted(FastFitModel.fit, model, *data, validation_data=data)
    tested = model.evaluate(*data, batch_size=10, verbose=0, return_dict=True)
    assert tested["loss"] == pytest.approx(history["val_loss"][-1], rel=ROUNDING)
    batches = tf.data.Dataset.from_tensor_slices(data).batch(10)
    model.fit(batches, shuffle=False, verbose=0)
    assert model.optimizer.iterations.numpy() == 18


def test_several_inputs_by_name(data):
    images, labels = data
    inputs = {"left": keras.Input((392,), name="left"), "right": keras.Input((392,), name="right")}
    sides = {"left": images[:, :392], "right": images[:, 392:]}
    histories = []
    for cls in (keras.Model, FastFitModel):
        keras.utils.set_random_seed(1)
        model = cls(
            inputs, keras.layers.Dense(10)(keras.layers.Concatenate()(list(inputs.values())))
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer="adam", loss=loss, jit_compile=False)
        histories.append(fitted(cls.fit, model, sides, labels)[0]["loss"])
    assert histories[0] == pytest.approx(histories[1], rel=ROUNDING)


class OwnStep(FastFitModel):
    def train_step(self, data):
        return {"own": 7.0}


def test_a_train_step_of_ones_own_takes_the_path_of_keras(data):
    inputs = keras.Input((784,))
    model = OwnStep(inputs, keras.layers.Dense(10)(inputs))
    model.compile(loss="mse")
    assert model.fit(*data, verbose=0).history["own"] == [7.0]


def test_errors_are_those_of_keras(data):
    inputs = keras.Input((784,))
    model = FastFitModel(inputs, keras.layers.Dense(10)(inputs))
    with pytest.raises(ValueError, match="must call `compile\\(\\)`"):
        model.fit(*data)
    model.compile(loss="mse")
    with pytest.raises(ValueError, match="cardinality is ambiguous"):
        model.fit(data[0], data[1][:5], verbose=0)


@pytest.mark.parametrize("jit_compile", ["auto", True, False])
def test_saved_model_is_compiled_as_it_was(jit_compile, digits, tmp_path):
    data = [each[:60] for each in digits]
    model = small(jit_compile=jit_compile, optimizer="adam")
    fitted(FastFitModel.fit, model, *data)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, FastFitModel)
    assert loaded.get_compile_config()["jit_compile"] == jit_compile
    assert loaded.optimizer.iterations.numpy() == 12
    loaded.fit(*data, batch_size=10, verbose=0)
    assert loaded.optimizer.iterations.numpy() == 18


def test_what_draws_otherwise_does_so_as_keras_does(data):
    losses = []
    for cls in (keras.Model, FastFitModel):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((784,))
        model = cls(inputs, keras.layers.Dense(10)(keras.layers.Dropout(0.5, seed=3)(inputs)))
        model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        losses.append(fitted(cls.fit, model, *data)[0]["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=ROUNDING)


CALLS = {
    "evaluate": lambda model, x, y: model.evaluate(x, y, verbose=0, return_dict=True)["loss"],
    "predict": lambda model, x, y: model.predict(x, verbose=0).mean(),
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
    "test_on_batch": lambda model, x, y: model.test_on_batch(x, y),
    "fit": lambda model, x, y: model.fit(x, y, shuffle=False, verbose=0).history["loss"][0],
}


@pytest.fixture(scope="module")
def callers():
    """A model for Keras' `fit` and one for the loop, which several tests train."""
    models = []
    for cls in (keras.Model, FastFitModel):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((784,))
        model = cls(inputs, keras.layers.Dense(10)(inputs))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(loss=loss, optimizer="sgd")
        models.append(model)
    models[1].set_weights(models[0].get_weights())
    return models, models[0].get_weights()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_a_callback_calls_gets_its_own_data(call, data, callers):
    found = []
    models, weights = callers
    for model in models:
        model.set_weights(weights)
        # So that Keras' functions are made in the callback, as for a new model.
        model.train_function = model.test_function = model.predict_function = None
        own = (data[0][:7] * 2, data[1][:7])
        calls = []
        callback = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs, m=model, o=own, c=calls: c.append(call(m, *o))
        )
        fit = type(model).fit
        history, _ = fitted(fit, model, *data, validation_data=data, callbacks=[callback])
        found.append(history["val_loss"] + calls)
    assert found[1] == pytest.approx(found[0], rel=ROUNDING)


ENTROPY = keras.losses.SparseCategoricalCrossentropy
LOSSES = {
    "plain": lambda: ENTROPY(from_logits=True),
    "with a name": lambda: ENTROPY(from_logits=True, name="ce"),
    "in a list": lambda: [ENTROPY(from_logits=True)],
    "in a dict": lambda: {"logits": ENTROPY(from_logits=True)},
    "a function": lambda: lambda y, p: keras.losses.sparse_categorical_crossentropy(y, p, True),
    "of computed labels": lambda: lambda y, p: ENTROPY(from_logits=True)(2 * y - y, p),
}


def classifier(loss, jit_compile="auto", metrics=None):
    keras.utils.set_random_seed(2)
    inputs = keras.Input((2,))
    model = FastFitModel(inputs, keras.layers.Dense(3, name="logits")(inputs))
    model.compile("sgd", loss, jit_compile=jit_compile, metrics=metrics)
    return model


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_labels_that_are_no_classes_are_refused_as_by_keras(loss):
    x = np.ones((8, 2), "float32")
    for label in (3, -1) if loss is LOSSES["plain"] else (3,):
        classes = np.array([0, 1, 2, 0, 1, 2, 0, label])
        model, weights = classifier(loss()), []
        for fit in (FastFitModel.fit, keras.Model.fit):
            model.set_weights([np.ones((2, 3)), np.zeros(3)])
            with pytest.raises(tf.errors.InvalidArgumentError, match=f"label value of {label}"):
                fit(model, x, classes, batch_size=4, shuffle=False, verbose=0)
            weights.append(model.get_weights()[0].tolist())
        assert weights[0] == weights[1]  # those of the step before
        assert not model.loop("train").uses_xla


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_labels_that_are_classes_are_trained_on_with_xla_where_they_can_be_checked(loss):
    model = classifier(loss())
    model.fit(np.ones((4, 2)), np.array([0, 1, 2, 0]), batch_size=2, verbose=0)
    assert model.loop("train").uses_xla is (loss is not LOSSES["of computed labels"])


def test_with_xla_asked_for_labels_are_checked_as_well():
    model = classifier(LOSSES["with a name"](), jit_compile=True)
    with pytest.raises(tf.errors.InvalidArgumentError, match="label value of 3"):
        model.fit(np.ones((4, 2)), np.array([0, 1, 2, 3]), batch_size=2, verbose=0)
    model.fit(np.ones((4, 2)), np.array([0, 1, 2, 2]), batch_size=2, verbose=0)
    assert model.loop("train").uses_xla


def counted(y, p):
    """A metric that XLA cannot compile."""
    value = tf.numpy_function(lambda a: np.float32(a.size), [y], tf.float32)
    value.set_shape(())
    return value


def test_what_xla_cannot_compile_trains_without_it(capfd):
    def loss(y, p):
        tf.print("a step")
        return keras.ops.mean(keras.ops.square(y - p), axis=-1)

    x, y = np.ones((8, 2)), np.ones((8, 3))
    model = classifier(loss, metrics=[counted])
    assert model.fit(x, y, batch_size=2, verbose=0).history["counted"] == [6.0]
    assert capfd.readouterr().err.count("a step") == 4
    assert not model.loop("train").uses_xla


def test_the_error_under_xla_names_the_remedy(fails):
    model = classifier("mse", jit_compile=True, metrics=[counted])
    with fails("PyFunc", "jit_compile=True", "jit_compile='auto'", "run_eagerly=True"):
        model.fit(np.ones((8, 2)), np.ones((8, 3)), batch_size=2, verbose=0)


class Unwilling(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.supports_jit = False

    def call(self, x):
        return x


def test_a_layer_that_does_not_support_xla_is_heard():
    inputs = keras.Input((2,))
    model = FastFitModel(inputs, keras.layers.Dense(3)(Unwilling()(inputs)))
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 2)), np.ones((8, 3)), batch_size=2, verbose=0)
    assert not model.loop("train").uses_xla
    assert model.get_compile_config()["jit_compile"] == "auto"


def drawn_otherwise():
    """Layers whose numbers depend on their place in the graph, and one that keeps a state."""
    inputs = keras.Input((2,))
    noisy = keras.layers.Lambda(lambda x: x + tf.random.normal(tf.shape(x)))(inputs)
    layer = keras.layers.BatchNormalization()
    return inputs, keras.layers.Dense(3)(layer(noisy, training=True))


def test_numbers_drawn_by_place_are_those_of_keras(monkeypatch):
    monkeypatch.setattr(FastFitModel, "loop", lambda self, kind: pytest.fail(f"loop {kind}"))
    found = []
    for kind in (keras.Model, FastFitModel):
        keras.utils.set_random_seed(1)
        model = kind(*drawn_otherwise())
        model.compile("sgd", "mse")
        history = model.fit(np.ones((8, 2)), np.ones((8, 3)), batch_size=2, verbose=0).history
        found.append([history["loss"], *(v.numpy().tolist() for v in model.variables)])
    assert found[0] == found[1]


def test_the_decision_changes_no_variable():
    inputs = keras.Input((2,), 2)
    x = keras.layers.Dropout(0.5)(keras.layers.BatchNormalization()(inputs, training=True))
    x = keras.layers.SimpleRNN(2, stateful=True)(keras.layers.Reshape((2, 1))(x))
    model = FastFitModel(inputs, keras.layers.SpectralNormalization(keras.layers.Dense(3))(x))
    model.compile("adam", "mse", metrics=["mae"])
    seen = []

    class Start(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append([v.numpy().tolist() for v in (*model.variables, *model.metrics_variables)])
            raise InterruptedError

    before = [v.numpy().tolist() for v in model.variables]
    with pytest.raises(InterruptedError):
        model.fit(np.ones((4, 2)), np.ones((4, 3)), batch_size=2, verbose=0, callbacks=[Start()])
    metrics = seen[0][len(before) :]
    assert seen[0][: len(before)] == before
    assert len(metrics) == 4
    assert not np.any(metrics)


def test_an_embedding_refuses_an_index_that_it_lacks():
    inputs = keras.Input((2,), dtype="int32")
    embedded = keras.layers.Flatten()(keras.layers.Embedding(5, 3)(inputs))
    model = FastFitModel(inputs, keras.layers.Dense(1)(embedded))
    model.compile(loss="mse", optimizer="sgd")
    rows = np.zeros((20, 2), "int32")
    rows[15, 0] = 7
    with pytest.raises(tf.errors.InvalidArgumentError, match="7 is not in \\[0, 5\\)"):
        model.fit(rows, np.zeros(20), batch_size=10, shuffle=False, verbose=0)


class Extra(FastFitModel):
    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {**super().compute_metrics(x, y, y_pred, sample_weight), "extra": 3.0}


def test_metrics_of_ones_own_are_kept(data):
    inputs = keras.Input((784,))
    model = Extra(inputs, keras.layers.Dense(10)(inputs))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss)
    assert model.fit(*data, verbose=0).history["extra"] == [3.0]


def test_training_and_validation_share_the_memory_budget(data, monkeypatch):
    budgets = []
    holder = batches.holder
    monkeypatch.setattr(batches, "holder", lambda *a: budgets.append(a[2]) or holder(*a))
    model = small(jit_compile=False)
    model.memory_budget = 200_000
    model.fit(*data, validation_data=data, verbose=0)
    assert budgets == [200_000, 200_000 - 58 * (784 * 4 + 8)]
