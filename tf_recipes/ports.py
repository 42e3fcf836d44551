"""Defines the two ports of every recipe, part by part.

`EXACT` has TF1's semantics: this package's parts, and Keras' built-ins where they are exact.
`TEXTBOOK` has the built-ins that every migration guide names, with TF1's arguments under Keras'
names.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

import keras

from tf_recipes.blocks import activations, optimizers, regularization
from tf_recipes.blocks.batch_norm import BatchNormalization
from tf_recipes.blocks.dropout import Dropout
from tf_recipes.blocks.gradient_clipping import GradientClippingModel
from tf_recipes.blocks.initializers import he_init, xavier_init
from tf_recipes.blocks.max_norm import MaxNorm
from tf_recipes.blocks.schedules import exponential_decay
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.recipe import Recipe

SEEDS = 2**30  # dropout takes the recipe's seed modulo this, since Keras' seeds have 32 bits


@dataclasses.dataclass(frozen=True)
class Port:
    """Holds the functions that make each part of a Keras model from a `Recipe`.

    TF1: no counterpart; `tf_recipes.originals.runners.models` builds TF1's graph of a recipe.

    Args:
        name: such as `"exact"`.
        initializer: function of the recipe; returns a function that takes `seed` and returns an
            initializer.
        activation: function of the recipe; returns a Keras activation, its name, a layer, or None.
        batch_norm: function of the recipe, `name` and `dtype`; returns a layer.
        max_norm: function of the recipe; returns a constraint.
        regularizer: function of the recipe; returns a regularizer.
        dropout: function of the recipe, `name` and `dtype`; returns a layer.
        schedule: function of the recipe; returns the learning rate, a float or a schedule.
        optimizer: function of the recipe and the learning rate; returns an optimizer.
        model: function of the recipe, inputs and outputs; returns a `keras.Model`.

    `tf_recipes.models.build` calls `batch_norm`, `max_norm`, `regularizer` and `dropout` only for
    recipes that have the part.

    >>> relu6 = dataclasses.replace(EXACT, name="relu6", activation=lambda recipe: "relu6")
    >>> relu6.activation(Recipe("small"))
    'relu6'
    """

    name: str
    initializer: Callable[[Recipe], Callable[..., keras.initializers.Initializer]]
    activation: Callable[[Recipe], Any]
    batch_norm: Callable[..., keras.layers.Layer]
    max_norm: Callable[[Recipe], keras.constraints.Constraint]
    regularizer: Callable[[Recipe], keras.regularizers.Regularizer]
    dropout: Callable[..., keras.layers.Layer]
    schedule: Callable[[Recipe], Any]
    optimizer: Callable[[Recipe, Any], keras.optimizers.Optimizer]
    model: Callable[[Recipe, Any, Any], keras.Model]


def _exact_optimizer(recipe: Recipe, learning_rate: Any) -> keras.optimizers.Optimizer:
    """Makes this package's optimizer.

    On PyTorch there is no `GradientClippingModel`, and the optimizer clips the gradients.
    """
    optimizer = _unclipped_optimizer(recipe, learning_rate)
    if keras.backend.backend() == "torch":
        optimizer.clipvalue = recipe.clip_value
    return optimizer


def _unclipped_optimizer(recipe: Recipe, learning_rate: Any) -> keras.optimizers.Optimizer:
    """Makes this package's optimizer for the recipe's own."""
    arguments = recipe.optimizer_arguments()
    match recipe.optimizer["name"]:
        case "gradient_descent":
            return optimizers.GradientDescent(learning_rate)
        case "momentum":
            return optimizers.Momentum(
                learning_rate, arguments["momentum"], nesterov=arguments["use_nesterov"]
            )
        case "nesterov":
            return optimizers.Momentum(learning_rate, arguments["momentum"], nesterov=True)
        case "adagrad":
            return optimizers.Adagrad(learning_rate, arguments["initial_accumulator_value"])
        case "rmsprop":
            return optimizers.RMSProp(
                learning_rate,
                rho=arguments["decay"],
                momentum=arguments["momentum"],
                epsilon=arguments["epsilon"],
                centered=arguments["centered"],
            )
        case "adam":
            return optimizers.Adam(
                learning_rate, arguments["beta1"], arguments["beta2"], arguments["epsilon"]
            )


def _textbook_optimizer(recipe: Recipe, learning_rate: Any) -> keras.optimizers.Optimizer:
    """Makes Keras' optimizer of the same name, with the arguments that the recipe gives."""
    keras_names = {
        "decay": "rho",
        "beta1": "beta_1",
        "beta2": "beta_2",
        "use_nesterov": "nesterov",
    }
    given = {
        keras_names.get(key, key): value if isinstance(value, bool) else float(value)
        for key, value in recipe.optimizer.items()
        if key not in ("name", "learning_rate", "use_locking")
    }
    if recipe.clip_value is not None:
        given["clipvalue"] = recipe.clip_value
    match recipe.optimizer["name"]:
        case "gradient_descent":
            return keras.optimizers.SGD(learning_rate, **given)
        case "momentum":
            given["momentum"] = float(recipe.optimizer_arguments()["momentum"])
            return keras.optimizers.SGD(learning_rate, **given)
        case "nesterov":
            given["momentum"] = float(recipe.optimizer_arguments()["momentum"])
            return keras.optimizers.SGD(learning_rate, nesterov=True, **given)
        case "adagrad":
            return keras.optimizers.Adagrad(learning_rate, **given)
        case "rmsprop":
            return keras.optimizers.RMSprop(learning_rate, **given)
        case "adam":
            return keras.optimizers.Adam(learning_rate, **given)


def _schedule(make: Callable[..., Any]) -> Callable[[Recipe], Any]:
    """Returns a port's function for the learning rate; `make` makes the schedule."""

    def schedule(recipe: Recipe) -> Any:
        learning_rate = float(recipe.optimizer_arguments()["learning_rate"])  # JSON may say 1
        arguments = recipe.schedule_arguments()
        return learning_rate if arguments is None else make(learning_rate, **arguments)

    return schedule


def _exact_initializer(recipe: Recipe) -> Callable[..., keras.initializers.Initializer]:
    exact: dict[str, Callable[..., keras.initializers.Initializer]] = {
        "he": he_init,
        "xavier": xavier_init,
    }
    return exact[recipe.initializer]


def _textbook_initializer(recipe: Recipe) -> Callable[..., keras.initializers.Initializer]:
    keras_initializers = {
        "he": keras.initializers.HeNormal,
        "xavier": keras.initializers.GlorotUniform,
    }
    return keras_initializers[recipe.initializer]


def _exact_activation(recipe: Recipe) -> Any:
    exact = {"leaky_relu": activations.leaky_relu, "elu": activations.elu}
    return exact.get(recipe.activation, recipe.activation)


def _textbook_activation(recipe: Recipe) -> Any:
    if recipe.activation == "leaky_relu":
        return keras.layers.LeakyReLU()
    return recipe.activation


def _batch_norm(kind: Callable[..., keras.layers.Layer]) -> Callable[..., keras.layers.Layer]:
    """Returns a port's function for batch normalization; `kind` is the layer's class."""

    def batch_norm(recipe: Recipe, name: str, dtype: Any) -> keras.layers.Layer:
        arguments = _present(recipe.batch_norm_arguments())
        return kind(momentum=arguments.pop("decay"), name=name, dtype=dtype, **arguments)

    return batch_norm


def _max_norm(
    kind: Callable[..., keras.constraints.Constraint],
) -> Callable[[Recipe], keras.constraints.Constraint]:
    """Returns a port's function for max-norm; `kind` is the constraint's class."""

    def max_norm(recipe: Recipe) -> keras.constraints.Constraint:
        arguments = _present(recipe.max_norm_arguments())
        return kind(arguments["threshold"], axis=arguments["axes"])

    return max_norm


def _exact_regularizer(recipe: Recipe) -> keras.regularizers.Regularizer:
    scales = _present(recipe.regularizer_arguments())
    return regularization.l1_l2_regularizer(scale_l1=scales["l1"], scale_l2=scales["l2"])


def _textbook_regularizer(recipe: Recipe) -> keras.regularizers.Regularizer:
    scales = _present(recipe.regularizer_arguments())
    if recipe.dtype == "float64":
        # Keras' regularizer fails on float64 weights; this one is the same, without TF1's half.
        return regularization.L1L2(scale_l1=scales["l1"], scale_l2=2 * scales["l2"])
    return keras.regularizers.L1L2(**scales)


def _present(arguments: dict[str, Any] | None) -> dict[str, Any]:
    """Returns the arguments of a part; a port makes a part only for a recipe that has it."""
    assert arguments is not None
    return arguments


def _exact_model(recipe: Recipe, inputs: Any, outputs: Any) -> keras.Model:
    if recipe.clip_value is None or keras.backend.backend() == "torch":
        return _fast_model(recipe, inputs, outputs)
    return GradientClippingModel(inputs, outputs, clip_value=recipe.clip_value, name=_scope(recipe))


def _fast_model(recipe: Recipe, inputs: Any, outputs: Any) -> keras.Model:
    return FastFitModel(inputs, outputs, name=_scope(recipe))


def _scope(recipe: Recipe) -> str:
    """Returns the recipe's name in a form that TensorFlow accepts as the scope of a model.

    TensorFlow accepts ASCII characters only, and a letter or digit at the beginning.
    """
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", recipe.name)
    return name if name[0].isalnum() else f"r{name}"


def _layer_seed(recipe: Recipe, name: str) -> int:
    """Returns a seed for a dropout layer: the recipe's seed plus the layer's position in the net.

    Args:
        name: `"X_dropout"`, position 0, or `"hiddenK_dropout"`, position K.
    """
    position = 0 if name.startswith("X") else int(name.removeprefix("hidden").split("_")[0])
    return recipe.seed % SEEDS + position


EXACT = Port(
    name="exact",
    initializer=_exact_initializer,
    activation=_exact_activation,
    batch_norm=_batch_norm(BatchNormalization),
    max_norm=_max_norm(MaxNorm),
    regularizer=_exact_regularizer,
    dropout=lambda recipe, name, dtype: Dropout(
        recipe.keep_prob, seed=_layer_seed(recipe, name), name=name, dtype=dtype
    ),
    schedule=_schedule(exponential_decay),
    optimizer=_exact_optimizer,
    model=_exact_model,
)

TEXTBOOK = Port(
    name="textbook",
    initializer=_textbook_initializer,
    activation=_textbook_activation,
    batch_norm=_batch_norm(keras.layers.BatchNormalization),
    max_norm=_max_norm(keras.constraints.MaxNorm),
    regularizer=_textbook_regularizer,
    dropout=lambda recipe, name, dtype: keras.layers.Dropout(
        1 - recipe.keep_prob, seed=_layer_seed(recipe, name), name=name, dtype=dtype
    ),
    schedule=_schedule(keras.optimizers.schedules.ExponentialDecay),
    optimizer=_textbook_optimizer,
    model=_fast_model,
)

PORTS: Mapping[str, Port] = {port.name: port for port in (EXACT, TEXTBOOK)}
