"""Tests the package: its names, the cost of importing it, and what can be saved."""

import inspect
import json

import keras
import pytest

import tf_recipes
import xla_flags


def clipping_model(cls):
    inputs = keras.Input((2,), name="x")
    outputs = keras.layers.Dense(1, name="dense")(inputs)
    return cls(inputs, outputs, clip_value=0.5, name="clipping")


def fast_fit_model(cls):
    inputs = keras.Input((2,), name="x")
    return cls(inputs, keras.layers.Dense(1, name="dense")(inputs), name="fast")


# An object of each class that a saved model may hold.
EXAMPLES = {
    "VarianceScaling": lambda cls: cls(factor=1.5, mode="FAN_AVG", uniform=True, seed=3),
    "BatchNormalization": lambda cls: cls(momentum=0.75, scale=True, name="bn"),
    "MaxNorm": lambda cls: cls(0.5, axis=(0, 1)),
    "GradientDescent": lambda cls: cls(0.5),
    "Momentum": lambda cls: cls(0.5, momentum=0.25, nesterov=True),
    "Adagrad": lambda cls: cls(0.5, initial_accumulator_value=0.25),
    "RMSProp": lambda cls: cls(0.5, rho=0.25, momentum=0.75, epsilon=0.125, centered=True),
    "Adam": lambda cls: cls(0.5, beta_1=0.25, beta_2=0.75, epsilon=0.125),
    "MomentumW": lambda cls: cls(0.5, weight_decay=0.25, momentum=0.25, nesterov=True),
    "AdamW": lambda cls: cls(0.5, weight_decay=0.25, beta_1=0.25, decay_var_list=["w"]),
    "Dropout": lambda cls: cls(0.75, seed=3, noise_shape=(None, 1), name="dropout"),
    "ExponentialMovingAverage": lambda cls: cls(
        keras.optimizers.SGD(0.5), 0.75, num_updates="iterations", zero_debias=True, only=["h"]
    ),
    "SeveralOptimizers": lambda cls: cls(
        [(keras.optimizers.SGD(0.5), ["h"]), (tf_recipes.Adam(0.25), None)], clipnorm=0.5
    ),
    "Embedding": lambda cls: cls(3, 2, max_norm=0.5, name="embedding"),
    "ImageAugmentation": lambda cls: cls(shift=0.5, zoom=0.25, clip=True, seed=3, name="augment"),
    "Frozen": lambda cls: cls(keras.layers.Dense(1, name="dense"), name="frozen"),
    "OneVersusRestHinge": lambda cls: cls(squared=True, name="hinge"),
    "L1L2": lambda cls: cls(0.5, 0.25),
    "Weight": lambda cls: cls((3, 2), trainable=False, name="weight"),
    "TF1Operation": lambda cls: cls("LRN", {"alpha": 0.5, "depth_radius": 2}, name="lrn"),
    "FastFitModel": fast_fit_model,
    "GradientClippingModel": clipping_model,
}
SAVED_IN_MODELS = (
    keras.layers.Layer,
    keras.initializers.Initializer,
    keras.constraints.Constraint,
    keras.regularizers.Regularizer,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.losses.Loss,
    keras.metrics.Metric,
)


def saved_classes():
    """Yields every public class of the package's modules that a saved model may hold."""
    modules = {tf_recipes._NAMES[name] for name in tf_recipes._NAMES}
    for module in sorted(modules):
        contents = vars(__import__(f"tf_recipes.{module}", fromlist=["*"])).items()
        for name, value in contents:
            own = inspect.isclass(value) and value.__module__ == f"tf_recipes.{module}"
            if own and not name.startswith("_") and issubclass(value, SAVED_IN_MODELS):
                yield value


def test_every_name_resolves_to_what_its_module_defines():
    for name, module in tf_recipes._NAMES.items():
        value = getattr(tf_recipes, name)
        assert value is getattr(__import__(f"tf_recipes.{module}", fromlist=["*"]), name)
        assert value.__module__ == f"tf_recipes.{module}"
        assert inspect.getdoc(value)
    for name in tf_recipes._MODULES:
        assert getattr(tf_recipes, name).__name__ == f"tf_recipes.{tf_recipes._MODULES[name]}"
    assert {*tf_recipes._NAMES, *tf_recipes._MODULES} <= set(dir(tf_recipes))


def test_names_of_the_specification():
    for name in ("he_init", "BatchNormalization", "MaxNorm", "Momentum", "RMSProp", "Adagrad"):
        assert callable(getattr(tf_recipes, name))
    recipe = tf_recipes.recipe.Recipe(name="x", hidden=(5,))
    model = tf_recipes.models.build(recipe, port="exact")
    assert model.output_shape == (None, 10)
    assert float(tf_recipes.Adam().learning_rate) == pytest.approx(0.001)
    optimizer = tf_recipes.Momentum(0.1, momentum=0.5, nesterov=True)
    assert (optimizer.momentum, optimizer.nesterov) == (0.5, True)
    assert tf_recipes.MaxNorm(threshold=1.0).axis == 0
    assert tf_recipes.BatchNormalization(momentum=0.99).momentum == 0.99


def test_unknown_name():
    with pytest.raises(AttributeError, match="module 'tf_recipes' has no attribute 'Nadam'"):
        tf_recipes.Nadam  # noqa: B018
    with pytest.raises(ImportError, match="Nadam"):
        from tf_recipes import Nadam  # noqa: F401


IMPORTS = """
import sys
import tf_recipes
heavy = {"tensorflow", "keras", "numpy", "jax", "matplotlib", "absl", "rich"}
print(sorted(heavy & set(sys.modules)), end=" ")
from tf_recipes import he_init  # of a block from which other blocks import, before Keras
from tf_recipes import MaxNorm
print("keras" in sys.modules, MaxNorm(1.0).threshold)
"""


def test_importing_it_imports_nothing_heavy(run_python):
    assert run_python(IMPORTS, new=True) == "[] True 1.0"


def test_tf1_side_needs_no_keras(run_python):
    code = "import sys, tf_recipes.recipe, tf_recipes.catalog; print('keras' in sys.modules)"
    assert run_python(code, new=True) == "False"


def test_every_class_has_an_example():
    assert {cls.__name__ for cls in saved_classes()} == set(EXAMPLES)


@pytest.mark.parametrize("cls", list(saved_classes()), ids=lambda cls: cls.__name__)
def test_every_class_is_registered_and_round_trips(cls):
    assert keras.saving.get_registered_name(cls) == f"tf_recipes>{cls.__name__}"
    example = EXAMPLES[cls.__name__](cls)
    text = json.dumps(keras.saving.serialize_keras_object(example))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert type(again).__name__ == cls.__name__ and isinstance(again, cls)
    assert json.dumps(again.get_config()) == json.dumps(example.get_config())
    own = [name for name in inspect.signature(cls.__init__).parameters if name in vars(example)]
    # the configuration of those is above
    own = [name for name in own if name not in ("inner_optimizer", "initializer")]
    assert [getattr(again, name) for name in own] == [getattr(example, name) for name in own]


def test_leaky_relu_is_registered():
    assert keras.saving.get_registered_name(tf_recipes.leaky_relu) == "tf_recipes>leaky_relu"


OTHER_BACKEND = """
import keras, numpy as np
import tf_recipes as t
from tf_recipes.blocks.regularization import l1_l2_regularizer

def network():
    x = keras.Input((6, 6, 1))
    y = keras.layers.Conv2D(3, 3, kernel_initializer=t.he_init(1), use_bias=False,
                            kernel_constraint=t.MaxNorm(0.5, axis=(0, 1, 2)))(x)
    y = t.BatchNormalization(momentum=0.9, scale=True)(y)
    y = keras.layers.Flatten()(keras.layers.Activation(t.leaky_relu)(y))
    y = t.fully_connected(t.Dropout(0.9, seed=1)(y), 8, activation=t.elu,
                          kernel_regularizer=l1_l2_regularizer(0.001, 0.01))
    return keras.Model(x, keras.layers.Dense(1)(y))

def small():  # compiled in a fraction of the time
    x = keras.Input((6, 6, 1))
    y = keras.layers.Dense(3, kernel_initializer=t.he_init(1), use_bias=False,
                           kernel_constraint=t.MaxNorm(0.5))(keras.layers.Flatten()(x))
    return keras.Model(x, keras.layers.Dense(1)(keras.layers.Activation(t.leaky_relu)(y)))

x = (np.arange(16 * 36) ** 2 % 7).reshape(16, 6, 6, 1).astype("float32") / 7
done = []
for make in (t.Momentum, t.Adagrad, t.RMSProp, t.Adam):
    model = network() if make is t.Adam else small()
    model.compile(make(t.exponential_decay(0.01, 5, 0.9)), "mse")
    losses = model.fit(x, x[:, 0, 0], epochs=6, verbose=0).history["loss"]
    kernel = keras.ops.convert_to_numpy(model.trainable_variables[0])
    assert np.sqrt((kernel.reshape(-1, 3) ** 2).sum(0)).max() < 0.50001
    assert np.isfinite(losses).all() and losses[-1] < losses[0], losses
    done.append(make.__name__)

inputs = keras.Input((2,), dtype="int32")
rows = t.Embedding(3, 2, embeddings_initializer="ones", max_norm=1.0)(inputs)
rows = t.Dropout(0.9, seed=1, noise_shape=(None, 1, None))(rows)
model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(rows)))
averages = t.ExponentialMovingAverage(t.Momentum(0.1), 0.5, num_updates="iterations")
model.compile(averages, "mse")
before = model.get_weights()[0]
rows = keras.ops.convert_to_numpy(model.layers[1](np.arange(3)))
np.testing.assert_allclose(rows, before / 2**0.5, rtol=1e-6)
ids, y = np.array([[0, 1], [1, 0], [2, 2]]), np.ones((3, 1))
losses = model.fit(ids, y, batch_size=3, validation_data=(ids, y), verbose=0,
                   callbacks=[t.AveragedEvaluation()]).history["val_loss"]
with averages.applied():
    np.testing.assert_allclose(model.evaluate(ids, y, verbose=0), losses[-1], rtol=1e-5)
    average = model.get_weights()[0]
after = model.get_weights()[0]
assert (after != before).any()
np.testing.assert_allclose(average, before - (before - after) * (1 - 2 / 11), rtol=1e-6)
print(keras.backend.backend(), *done)
"""


# Keras' NumPy backend has no gradients, so it cannot train.
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_building_blocks_on_another_backend(backend, run_python):
    pytest.importorskip(backend, reason=f"{backend} is not installed; Keras can do without it")
    printed = run_python(OTHER_BACKEND, **xla_flags.on(backend))
    assert printed == f"{backend} Momentum Adagrad RMSProp Adam"
