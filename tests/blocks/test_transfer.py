"""Tests reusing, freezing and unfreezing layers of plain Keras models and of this package's."""

import json
import zipfile

import keras
import numpy as np
import pytest

import tf_recipes
import xla_flags
from tf_recipes.blocks.transfer import first_layers, freeze_layers, reuse_layers, unfreeze_layers

X = np.random.default_rng(0).random((40, 6), np.float32)
Y = np.random.default_rng(1).integers(0, 3, 40)
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
LOWER = ("hidden1", "norm1", "hidden2")


def layers(units=3, width=5, norm=keras.layers.BatchNormalization, **dense):
    """Makes the layers hidden1, norm1, relu, drop, hidden2 and outputs."""
    return [
        keras.layers.Dense(width, name="hidden1", **dense),
        norm(name="norm1"),
        keras.layers.ReLU(name="relu"),
        keras.layers.Dropout(0.5, seed=1, name="drop"),
        keras.layers.Dense(4, name="hidden2"),
        keras.layers.Dense(units, name="outputs"),
    ]


def sequential(*arguments, **named):
    return keras.Sequential([keras.Input((6,)), *layers(*arguments, **named)])


def functional(*arguments, cls=keras.Model, **named):
    inputs = outputs = keras.Input((6,))
    for layer in layers(*arguments, **named):
        outputs = layer(outputs)
    return cls(inputs, outputs)


class Subclassed(keras.Model):
    def __init__(self, *arguments, **named):
        super().__init__()
        self.parts = layers(*arguments, **named)

    def call(self, inputs, training=False):
        for layer in self.parts:
            inputs = layer(inputs, **({"training": training} if layer.name == "norm1" else {}))
        return inputs


def subclassed(*arguments, **named):
    model = Subclassed(*arguments, **named)
    model(X[:2])
    return model


def fast(*arguments, **named):
    return functional(*arguments, cls=tf_recipes.FastFitModel, **named)


KINDS = [sequential, functional, subclassed, fast]


def moved(model, seed=2):
    """Gives every weight and statistic a number of its own."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(random.uniform(0.5, 1.5, weight.shape))
    return model


def values(model):
    return {weight.path: weight.numpy() for weight in model.weights}


def of(model, name):
    return model.get_layer(name).get_weights()


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("build", KINDS)
def test_layers_with_weights_count_each_by_itself(build):
    model = build()
    assert first_layers(model, count=1) == ("hidden1",)
    assert first_layers(model, count=4) == (*LOWER, "outputs")
    assert first_layers(model, last="norm1") == ("hidden1", "norm1")


@pytest.mark.parametrize("build", KINDS)
@pytest.mark.parametrize("saved", [False, True])
def test_weights_and_statistics_of_the_first_layers_are_copied(build, saved, tmp_path):
    source, target = moved(sequential(units=7)), moved(build(), seed=3)
    before = of(target, "outputs")
    given = source
    if saved:
        given = tmp_path / "source.keras"
        source.save(given)
    assert reuse_layers(given, target, count=3) == LOWER
    for name in LOWER:
        assert same(of(target, name), of(source, name)), name
    assert len(of(target, "norm1")) == 4  # gamma, beta and two averages
    assert same(of(target, "outputs"), before)


def test_a_file_may_be_named_by_a_string_and_holds_more_than_weights(tmp_path):
    source = moved(functional(norm=tf_recipes.BatchNormalization))
    source.compile(tf_recipes.Momentum(0.1), LOSS, jit_compile=False)
    source.optimizer.build(source.trainable_variables)  # else Keras traces the first step twice
    source.fit(X, Y, verbose=0)
    path = str(tmp_path / "source.keras")
    source.save(path)
    target = functional(norm=tf_recipes.BatchNormalization)
    reuse_layers(path, target, last="outputs")
    assert np.array_equal(source.predict(X, verbose=0), target.predict(X, verbose=0))


def test_other_names_by_a_mapping():
    source = moved(sequential())
    inputs = keras.Input((6,))
    outputs = keras.layers.Dense(5, name="first")(inputs)
    outputs = keras.layers.BatchNormalization(name="norm1")(outputs)
    target = keras.Model(inputs, keras.layers.Dense(9, name="outputs")(outputs))
    assert reuse_layers(source, target, 2, names={"first": "hidden1"}) == ("first", "norm1")
    assert same(of(target, "first"), of(source, "hidden1"))
    assert same(of(target, "norm1"), of(source, "norm1"))


def test_layers_of_one_model_may_change_places():
    model = moved(
        keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(2, name=n) for n in "ab")])
    )
    a, b = of(model, "a"), of(model, "b")
    reuse_layers(model, model, 2, names={"a": "b", "b": "a"})
    assert same(of(model, "a"), b) and same(of(model, "b"), a)


def nested():
    """Builds a model with the layers encoder/hidden1, encoder/norm1 and outputs."""
    inner = keras.Input((6,))
    outputs = keras.layers.BatchNormalization(name="norm1")(
        keras.layers.Dense(5, name="hidden1")(inner)
    )
    encoder = keras.Model(inner, outputs, name="encoder")
    inputs = keras.Input((6,))
    return keras.Model(inputs, keras.layers.Dense(3, name="outputs")(encoder(inputs)))


def test_nested_models_are_walked_through():
    source, target = moved(nested()), nested()
    assert first_layers(target, 3) == ("encoder/hidden1", "encoder/norm1", "outputs")
    assert reuse_layers(source, target, last="encoder/norm1") == first_layers(target, 2)
    for name in ("hidden1", "norm1"):
        assert same(of(target.get_layer("encoder"), name), of(source.get_layer("encoder"), name)), (
            name
        )
    flat = moved(sequential(), seed=5)
    assert reuse_layers(flat, target.get_layer("encoder"), 2) == ("hidden1", "norm1")
    assert same(of(target.get_layer("encoder"), "norm1"), of(flat, "norm1"))


class Tagged(keras.Model):
    """Has a weight of its own besides the weights of its layer."""

    def __init__(self, **named):
        super().__init__(**named)
        self.inner = keras.layers.Dense(2, name="inner")
        self.tag = self.add_weight(shape=(2,))

    def call(self, inputs):
        return self.inner(inputs) + self.tag


def test_a_nested_model_with_weights_of_its_own_is_one_layer():
    def build():
        return keras.Sequential([keras.Input((2,)), Tagged(name="tagged")])

    source, target = moved(build()), build()
    assert reuse_layers(source, target, 1) == ("tagged",)
    assert len(of(target, "tagged")) == 3 and same(of(target, "tagged"), of(source, "tagged"))


class Unnamed(keras.layers.Layer):
    def build(self, shape):
        self.first, self.second = self.add_weight(shape=(2,)), self.add_weight(shape=(2,))

    def call(self, inputs):
        return inputs * self.first + self.second


def test_weights_without_a_name_are_matched_by_their_order():
    source, target = (keras.Sequential([keras.Input((2,)), Unnamed(name="u")]) for _ in "ab")
    reuse_layers(moved(source), target, 1)
    assert same(of(target, "u"), of(source, "u"))


@pytest.mark.parametrize(
    "source, parts",
    [
        (
            lambda: sequential(width=8),
            [
                "layer 'hidden1': Dense with kernel float32 (6, 5), bias float32 (5,) in the",
                "'hidden1': Dense with kernel float32 (6, 8), bias float32 (8,) in the source",
            ],
        ),
        (lambda: sequential(use_bias=False), ["'hidden1': Dense with kernel float32 (6, 5) in"]),
        (
            lambda: sequential(norm=tf_recipes.BatchNormalization),
            [
                "'norm1': tf_recipes>BatchNormalization with beta",
                "'norm1': BatchNormalization with",
            ],
        ),
        (
            lambda: sequential(
                norm=lambda name: keras.layers.BatchNormalization(scale=0, name=name)
            ),
            [
                "'norm1': BatchNormalization with beta float32 (5,), moving_mean",
                "gamma float32 (5,)",
            ],
        ),
        (lambda: sequential(dtype="float64"), ["kernel float64 (6, 5)", "kernel float32 (6, 5)"]),
        (
            lambda: keras.Sequential([keras.Input((6,)), *layers()[:3]]),
            ["'hidden2', layers: 'hidden1', 'norm1'"],
        ),
        (lambda: keras.Sequential(layers()), ["`source` must be a built keras.Model", "Input"]),
        (lambda: None, ["`source` must be a built keras.Model", "source=None"]),
    ],
)
def test_what_does_not_match_is_refused_and_nothing_is_changed(source, parts, fails):
    target = moved(functional(), seed=3)
    before = values(target)
    source = source()
    with fails(*parts):
        reuse_layers(source, target, last="hidden2")
    assert all(np.array_equal(before[path], value) for path, value in values(target).items())


def test_beta_is_not_taken_for_gamma(fails):
    def build(**given):
        norm = keras.layers.BatchNormalization(name="norm", **given)
        return keras.Sequential([keras.Input((2,)), norm])

    with fails("layer 'norm'", "gamma float32 (2,)", "beta float32 (2,)"):
        reuse_layers(build(center=False), build(scale=False), 1)


@pytest.mark.parametrize(
    "given, parts",
    [
        ({}, ["Either `count` or `last`", "count=None, last=None"]),
        ({"count": 1, "last": "norm1"}, ["Either `count` or `last`"]),
        ({"count": 0}, ["`count` must be a whole number of at least 1"]),
        ({"count": 5}, ["at most the 4 layers", "'hidden1', 'norm1', 'hidden2', 'outputs'"]),
        ({"last": "relu"}, ["`last`", "'relu', layers: 'hidden1', 'norm1', 'hidden2', 'outputs'"]),
        ({"count": 1, "names": {"hiden1": "a"}}, ["unknown key 'hiden1'"]),
        ({"count": 1, "names": {"hidden1": "a"}}, ["`source`", "'a', layers: 'hidden1'"]),
        ({"count": 1, "names": "hidden1"}, ["`names` must be a mapping"]),
    ],
)
def test_bad_choices_of_layers(given, parts, fails):
    with fails(*parts):
        reuse_layers(sequential(), sequential(), **given)


def test_a_model_that_is_not_built(fails):
    for use in (first_layers, lambda model, _: freeze_layers(model, "hidden1")):
        with fails("`model` must be a built keras.Model", "Sequential"):
            use(keras.Sequential(layers()), 1)
    with fails("`target` must be a built keras.Model"):
        reuse_layers(sequential(), Subclassed(), 1)


def test_two_layers_of_one_name(fails):
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.other = (keras.layers.Dense(2, name="twin") for _ in range(2))

        def call(self, inputs):
            return self.one(inputs) + self.other(inputs)

    model = Twins()
    model(X)
    with fails("must have different names", "two layers 'twin' in `target`"):
        reuse_layers(sequential(), model, 1)


def damage(path):
    """Inverts a byte of the weights inside the zip file."""
    with zipfile.ZipFile(path) as file:
        place = file.getinfo("model.weights.h5").header_offset + 3000
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


def cut_off(path):
    path.write_bytes(path.read_bytes()[:5000])


def other_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "no model")


def other_weights(path):
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w") as file:
        for name, part in parts.items():
            file.writestr(name, part if name.endswith(".json") else b"no weights")


@pytest.mark.parametrize(
    "spoil, text",
    [
        (lambda path: path.unlink(), "No such file"),
        (cut_off, "is damaged or is not a .keras file"),
        (lambda path: path.write_bytes(b""), "is damaged or is not a .keras file"),
        (damage, "is damaged or is not a .keras file"),
        (other_zip, "is damaged or is not a .keras file"),
        (other_weights, "is damaged or is not a .keras file"),
    ],
)
def test_a_missing_or_damaged_file(spoil, text, tmp_path):
    path = tmp_path / "source.keras"
    sequential().save(path)
    spoil(path)
    with pytest.raises(OSError, match=text) as raised:
        reuse_layers(path, sequential(), 1)
    assert str(path) in str(raised.value) and "\n" not in str(raised.value)


def test_a_file_with_a_class_that_keras_does_not_know(tmp_path, fails):
    path = tmp_path / "source.keras"
    subclassed().save(path)
    with fails("can load", "Could not locate class 'Subclassed'", "custom_objects"):
        reuse_layers(path, sequential(), 1)


def compiled(model, optimizer=None, **arguments):
    optimizer = optimizer or keras.optimizers.SGD(0.1, momentum=0.5)
    model.compile(optimizer, LOSS, **{"jit_compile": False, **arguments})
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
    return model


KERAS_NORM, OWN_NORM = keras.layers.BatchNormalization, tf_recipes.BatchNormalization


@pytest.mark.parametrize(
    "build, norm, jit_compile",
    [(build, KERAS_NORM, False) for build in KINDS] + [(fast, OWN_NORM, jit) for jit in (0, 1)],
)
def test_frozen_layers_stay_as_they_are_and_then_all_train(build, norm, jit_compile):
    model = moved(compiled(build(norm=norm), jit_compile=bool(jit_compile)))
    model.fit(X, Y, batch_size=20, verbose=0)
    freeze_layers(model, ("hidden1", "norm1"))
    before = values(model)
    model.fit(X, Y, batch_size=20, verbose=0, epochs=2)
    for path, value in values(model).items():
        frozen = "hidden1" in path or "norm1" in path
        assert np.array_equal(value, before[path]) == frozen, path
    unfreeze_layers(model, 0.01)
    before = values(model)
    model.fit(X, Y, batch_size=20, verbose=0)
    changed = [path for path, value in values(model).items() if (value != before[path]).any()]
    # the gradient of a bias before a batch norm is nearly 0
    assert set(changed) >= {path for path in before if not path.endswith("hidden1/bias")}


@pytest.mark.parametrize("norm", [KERAS_NORM, OWN_NORM])
def test_a_frozen_batch_norm_normalises_with_its_averages(norm):
    model = functional(norm=norm)
    layer = model.get_layer("norm1")
    layer.moving_mean.assign(np.full(5, 2.0))
    layer.moving_variance.assign(np.full(5, 9.0 - 0.001))
    inputs = np.float32([[5.0] * 5, [8.0] * 5])
    frozen = [[1.0] * 5, [2.0] * 5]  # (x - 2) / 3
    of_the_batch = [[-1.0] * 5, [1.0] * 5]
    np.testing.assert_allclose(layer(inputs, training=True), of_the_batch, rtol=1e-3)
    layer.moving_mean.assign(np.full(5, 2.0))
    layer.moving_variance.assign(np.full(5, 9.0 - 0.001))
    freeze_layers(model, "norm1")
    np.testing.assert_allclose(layer(inputs, training=True), frozen, rtol=1e-6)
    np.testing.assert_array_equal(layer.moving_mean, np.full(5, 2.0))


def test_keras_own_switch_leaves_single_layers_frozen():
    """Shows why `unfreeze_layers` is needed; other backends than TensorFlow may differ."""
    model = compiled(functional())
    freeze_layers(model, ["hidden1"])
    model.trainable = True
    assert not model.get_layer("hidden1").trainable
    unfreeze_layers(model, 0.01)
    assert model.get_layer("hidden1").trainable
    assert len(model.trainable_weights) == 8


def test_what_was_frozen_inside_a_layer_trains_again():
    each = keras.layers.TimeDistributed(keras.layers.Dense(2), name="each")
    model = compiled(keras.Sequential([keras.Input((3, 4)), each]))
    each.layer.trainable = False
    unfreeze_layers(model, 0.01)
    assert len(model.trainable_weights) == 2


def test_nested_models_are_frozen_and_unfrozen_to_the_bottom():
    model = compiled(nested())
    freeze_layers(model, "encoder/norm1")
    assert [w.path for w in model.trainable_weights] == [
        "hidden1/kernel",
        "hidden1/bias",
        "outputs/kernel",
        "outputs/bias",
    ]
    freeze_layers(model, "encoder")
    assert [w.path for w in model.trainable_weights] == ["outputs/kernel", "outputs/bias"]
    unfreeze_layers(model, 0.01)
    assert len(model.trainable_weights) == 6
    model.get_layer("encoder").trainable = False
    model.get_layer("encoder").get_layer("hidden1").trainable = True
    freeze_layers(model, "encoder")
    assert not model.get_layer("encoder").get_layer("hidden1").trainable


def test_freezing_before_compiling():
    model = functional()
    freeze_layers(model, LOWER)
    assert not model.compiled
    assert [w.path for w in model.trainable_weights] == ["outputs/kernel", "outputs/bias"]


@keras.saving.register_keras_serializable(package="tests_transfer")
def right(y, predicted):
    return keras.metrics.sparse_categorical_accuracy(y, predicted)


def test_everything_but_the_rate_stays_and_the_slots_begin_anew():
    model = sequential()
    optimizer = keras.optimizers.Adam(0.1, beta_1=0.5, clipvalue=2.0)
    arguments = {"metrics": ["accuracy", right], "loss_weights": 0.5, "steps_per_execution": 2}
    model.compile(optimizer, LOSS, **arguments, jit_compile=False)
    model.fit(X, Y, verbose=0)
    wanted = {**model.get_compile_config(), "optimizer": None}
    assert model.optimizer.iterations == 2
    for step in (lambda: freeze_layers(model, "hidden1"), lambda: unfreeze_layers(model, 0.01)):
        step()
        assert {**model.get_compile_config(), "optimizer": None} == wanted
        assert model.optimizer is not optimizer
        assert isinstance(model.optimizer, keras.optimizers.Adam)
        assert (model.optimizer.beta_1, model.optimizer.clipvalue) == (0.5, 2.0)
        assert model.optimizer.iterations == 0
        assert all(not np.any(slot.numpy()) for slot in model.optimizer.variables[2:])
    assert float(model.optimizer.learning_rate) == np.float32(0.01)
    assert set(model.fit(X, Y, verbose=0).history) == {"loss", "accuracy", "right"}


def test_freezing_keeps_the_rate_that_a_callback_has_set():
    model = compiled(sequential())
    model.optimizer.learning_rate = 0.025
    freeze_layers(model, "hidden1")
    assert float(model.optimizer.learning_rate) == np.float32(0.025)


def test_the_lower_rate_may_be_a_schedule_and_is_saved(tmp_path):
    rate = tf_recipes.exponential_decay(0.1, 10, 0.5)
    model = compiled(fast(), tf_recipes.Momentum(rate, 0.75), jit_compile=False)
    freeze_layers(model, "hidden1")
    model.fit(X, Y, verbose=0)
    unfreeze_layers(model, tf_recipes.exponential_decay(0.01, 20, 0.25))
    model.save(tmp_path / "model.keras")
    for each in (model, keras.saving.load_model(tmp_path / "model.keras")):
        config = each.optimizer.get_config()
        assert (config["name"], config["momentum"]) == ("momentum", 0.75)
        assert config["learning_rate"]["config"]["initial_learning_rate"] == 0.01
        assert config["learning_rate"]["config"]["decay_rate"] == 0.25
    unfreeze_layers(model, 0.001)
    assert float(model.optimizer.learning_rate) == np.float32(0.001)


def test_mixed_precision_keeps_its_loss_scale(policy):
    policy("mixed_float16")
    model = compiled(sequential())
    unfreeze_layers(model, 0.0625)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert float(model.optimizer.learning_rate) == 0.0625
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.5)), LOSS)
    unfreeze_layers(model, 0.25)
    assert float(model.optimizer.inner_optimizer.learning_rate) == 0.25


def test_losses_and_optimizers_that_are_not_registered():
    class Squared(keras.losses.Loss):
        def call(self, y, predicted):
            return keras.ops.mean((y - predicted) ** 2, axis=-1)

    class Descent(keras.optimizers.SGD):
        pass

    def squared(y, predicted):
        return keras.ops.mean((y - predicted) ** 2, axis=-1)

    for loss in (Squared(), squared, "mse"):
        model = sequential()
        model.compile(Descent(0.1), loss, jit_compile=False)
        freeze_layers(model, "hidden1")
        unfreeze_layers(model, 0.01)
        assert type(model.optimizer) is Descent
        assert model.loss is loss or type(model.loss) is type(loss)
        assert np.isfinite(model.fit(X, X[:, :3], verbose=0).history["loss"]).all()


def test_what_cannot_be_compiled_again_is_refused_and_nothing_is_changed(fails):
    def unknown(y, predicted):
        return keras.ops.mean(predicted)

    class OwnCompile(keras.Model):
        def compile(self, rate):
            super().compile(keras.optimizers.SGD(rate), "mse")

    metric = compiled(sequential(), metrics=[unknown])
    own = functional(cls=OwnCompile)
    own.compile(0.1)
    for model, part in ((metric, "'unknown'"), (own, "OwnCompile")):
        optimizer = model.optimizer
        for change in (lambda m: freeze_layers(m, "hidden1"), lambda m: unfreeze_layers(m, 0.1)):
            with fails(part):
                change(model)
        assert len(model.trainable_weights) == 8 and model.optimizer is optimizer


def test_losses_are_the_same_objects_whatever_their_names(digits):
    def scaled(factor):
        def loss(y, predicted):
            return factor * keras.ops.mean(keras.ops.square(predicted), axis=-1)

        return loss

    x = keras.Input((784,))
    outputs = [keras.layers.Dense(2, name=name)(x) for name in ("a", "b")]
    model = keras.Model(x, outputs)
    model.compile("sgd", [scaled(1.0), scaled(100.0)])
    y = np.zeros((64, 2), "float32")
    before = model.evaluate(digits[0], [y, y], verbose=0)
    freeze_layers(model, "a")
    unfreeze_layers(model, 0.5)
    np.testing.assert_allclose(model.evaluate(digits[0], [y, y], verbose=0), before, rtol=1e-6)


@pytest.mark.parametrize("names", [None, 5, [["hidden1"]]])
def test_names_that_are_none(names, fails):
    with fails("`names` must be a layer's name or a list of names.", f"names={names!r}"):
        freeze_layers(compiled(sequential()), names)


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), None, "0.1", True])
def test_bad_rates(rate, fails):
    model = compiled(sequential())
    with fails("`learning_rate`", f"learning_rate={rate!r}"):
        unfreeze_layers(model, rate)


def test_bad_names_and_models_that_are_not_compiled(fails):
    model = compiled(sequential())
    with fails("`names`", "'hidden3', layers: 'hidden1', 'norm1'"):
        freeze_layers(model, ["hidden1", "hidden3"])
    assert model.get_layer("hidden1").trainable
    with fails("`model` must be compiled"):
        unfreeze_layers(sequential(), 0.1)
    assert json.dumps(model.get_compile_config())


ON_JAX = """
import keras, numpy as np, tf_recipes
from tf_recipes.blocks.transfer import freeze_layers, reuse_layers, unfreeze_layers
def build(units):
    inputs = keras.Input((6,))
    outputs = keras.layers.Dense(5, name="hidden1")(inputs)
    outputs = tf_recipes.BatchNormalization(name="norm1")(outputs)
    model = keras.Model(inputs, keras.layers.Dense(units, name="outputs")(outputs))
    model.compile(tf_recipes.Momentum(0.1), "mse")
    return model
x = np.random.default_rng(0).random((20, 6), np.float32)
source, target = build(2), build(1)
source.fit(x, x[:, :2], verbose=0)
reused = reuse_layers(source, target, last="norm1")
freeze_layers(target, reused)
before = target.get_weights()
target.fit(x, x[:, :1], verbose=0)
print(*(np.array_equal(a, b) for a, b in zip(before, target.get_weights())))
unfreeze_layers(target, 0.01)
target.fit(x, x[:, :1], verbose=0)
print(*(np.array_equal(a, b) for a, b in zip(before[2:], target.get_weights()[2:])))
print(keras.backend.backend())
"""


def test_on_another_backend(run_python):
    pytest.importorskip("jax", reason="jax is not installed; Keras can do without it")
    frozen, both, backend = run_python(ON_JAX, **xla_flags.on("jax")).splitlines()
    assert frozen.split() == ["True"] * 5 + ["False"] * 2  # kernel, bias, beta and two averages
    assert both.split() == ["False"] * 5  # all but the kernel and bias before the batch norm
    assert backend == "jax"
