"""The two ports of every recipe, part by part.

`EXACT` has TF1's semantics: this package's parts, and Keras' built-ins where they are exact.
`TEXTBOOK` has the built-ins that every migration guide names, told TF1's arguments by name.
"""

import dataclasses
import re
from collections.abc import Callable

import keras

from tf_recipes.blocks import activations, optimizers, regularization
from tf_recipes.blocks.batch_norm import BatchNormalization
from tf_recipes.blocks.dropout import Dropout
from tf_recipes.blocks.gradient_clipping import GradientClippingModel
from tf_recipes.blocks.initializers import he_init, xavier_init
from tf_recipes.blocks.max_norm import MaxNorm
from tf_recipes.blocks.schedules import exponential_decay
from tf_recipes.fast_fit.model import FastFitModel

LARGEST_SEED = 2**30  # Keras' seeds are 32-bit; a recipe's may be larger


@dataclasses.dataclass(frozen=True)
class Port:
    """How to make each part of a Keras model from a `Recipe`.

    Every field is a function of the recipe; `model` takes inputs and outputs besides, and the
    layers' functions take `name` and `dtype`.
    """

    name: str
    initializer: Callable
    activation: Callable
    batch_norm: Callable
    max_norm: Callable
    regularizer: Callable
    dropout: Callable
    schedule: Callable
    optimizer: Callable
    model: Callable


def _exact_optimizer(recipe, learning_rate):
    arguments = recipe.optimizer_arguments()
    momentum = arguments.get("momentum")
    match recipe.optimizer["name"]:
        case "gradient_descent":
            return keras.optimizers.SGD(learning_rate)
        case "momentum":
            return optimizers.Momentum(learning_rate, momentum, arguments["use_nesterov"])
        case "nesterov":
            return optimizers.Momentum(learning_rate, momentum, nesterov=True)
        case "adagrad":
            return optimizers.Adagrad(learning_rate, arguments["initial_accumulator_value"])
        case "rmsprop":
            return optimizers.RMSProp(
                learning_rate,
                rho=arguments["decay"],
                momentum=momentum,
                epsilon=arguments["epsilon"],
                centered=arguments["centered"],
            )
        case "adam":
            return optimizers.Adam(
                learning_rate, arguments["beta1"], arguments["beta2"], arguments["epsilon"]
            )


def _textbook_optimizer(recipe, learning_rate):
    """Keras' optimizer of the same name, told what the recipe says and nothing more."""
    renamed = {
        "decay": "rho",
        "beta1": "beta_1",
        "beta2": "beta_2",
        "use_nesterov": "nesterov",
    }
    given = {
        renamed.get(key, key): value if isinstance(value, bool) else float(value)
        for key, value in recipe.optimizer.items()
        if key not in ("name", "learning_rate", "use_locking")
    }
    if recipe.clip_value is not None:
        given["clipvalue"] = recipe.clip_value
    match recipe.optimizer["name"]:
        case "gradient_descent":
            return keras.optimizers.SGD(learning_rate, **given)
        case "momentum":
            return keras.optimizers.SGD(learning_rate, **{"momentum": 0.9, **given})
        case "nesterov":
            return keras.optimizers.SGD(
                learning_rate, **{"momentum": 0.9, "nesterov": True, **given}
            )
        case "adagrad":
            return keras.optimizers.Adagrad(learning_rate, **given)
        case "rmsprop":
            return keras.optimizers.RMSprop(learning_rate, **given)
        case "adam":
            return keras.optimizers.Adam(learning_rate, **given)


def _schedule(make):
    """The learning rate: `make`'s schedule where the recipe has one, else the plain number."""

    def schedule(recipe):
        learning_rate = float(recipe.optimizer_arguments()["learning_rate"])  # JSON may say 1
        if recipe.schedule is None:
            return learning_rate
        return make(learning_rate, **recipe.schedule_arguments())

    return schedule


def _exact_activation(recipe):
    own = {"leaky_relu": activations.leaky_relu, "elu": activations.elu}
    return own.get(recipe.activation, recipe.activation)


def _textbook_activation(recipe):
    if recipe.activation == "leaky_relu":
        return keras.layers.LeakyReLU()
    return recipe.activation


def _exact_batch_norm(recipe, name, dtype):
    arguments = recipe.batch_norm_arguments()
    return BatchNormalization(momentum=arguments.pop("decay"), name=name, dtype=dtype, **arguments)


def _textbook_batch_norm(recipe, name, dtype):
    arguments = recipe.batch_norm_arguments()
    return keras.layers.BatchNormalization(
        momentum=arguments.pop("decay"), name=name, dtype=dtype, **arguments
    )


def _exact_max_norm(recipe):
    arguments = recipe.max_norm_arguments()
    return MaxNorm(arguments["threshold"], axis=arguments["axes"])


def _textbook_max_norm(recipe):
    arguments = recipe.max_norm_arguments()
    return keras.constraints.MaxNorm(arguments["threshold"], axis=arguments["axes"])


def _exact_regularizer(recipe):
    scales = {"l1": 0.0, "l2": 0.0, **recipe.regularizer}
    return regularization.l1_l2_regularizer(scale_l1=scales["l1"], scale_l2=scales["l2"])


def _textbook_regularizer(recipe):
    scales = {"l1": 0.0, "l2": 0.0, **recipe.regularizer}
    if recipe.dtype == "float64":
        # Keras' own fails on float64 weights; this is the same, without TF1's half.
        return regularization.L1L2(scale_l1=scales["l1"], scale_l2=2 * scales["l2"])
    return keras.regularizers.L1L2(**scales)


def _exact_model(recipe, inputs, outputs):
    if recipe.clip_value is None:
        return FastFitModel(inputs, outputs, name=_scope(recipe))
    return GradientClippingModel(inputs, outputs, clip_value=recipe.clip_value, name=_scope(recipe))


def _scope(recipe):
    """The recipe's name as TensorFlow takes it: ASCII, and a letter or digit first."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", recipe.name)
    return name if name[0].isalnum() else f"r{name}"


def _layer_seed(recipe, name):
    """A seed for each dropout layer: the recipe's, moved on by the layer's place in the net."""
    return recipe.seed % LARGEST_SEED + (0 if name.startswith("X") else int(name[6:].split("_")[0]))


EXACT = Port(
    name="exact",
    initializer=lambda recipe: {"he": he_init, "xavier": xavier_init}[recipe.initializer],
    activation=_exact_activation,
    batch_norm=_exact_batch_norm,
    max_norm=_exact_max_norm,
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
    initializer=lambda recipe: {
        "he": keras.initializers.HeNormal,
        "xavier": keras.initializers.GlorotUniform,
    }[recipe.initializer],
    activation=_textbook_activation,
    batch_norm=_textbook_batch_norm,
    max_norm=_textbook_max_norm,
    regularizer=_textbook_regularizer,
    dropout=lambda recipe, name, dtype: keras.layers.Dropout(
        1 - recipe.keep_prob, seed=_layer_seed(recipe, name), name=name, dtype=dtype
    ),
    schedule=_schedule(keras.optimizers.schedules.ExponentialDecay),
    optimizer=_textbook_optimizer,
    model=lambda recipe, inputs, outputs: FastFitModel(inputs, outputs, name=_scope(recipe)),
)

PORTS = {port.name: port for port in (EXACT, TEXTBOOK)}
