"""Holds the chapter's recipes by name, ready to train, to check and to record."""

from tf_recipes._support import validation
from tf_recipes.recipe import Recipe

_DECAY = {"decay_steps": 20, "decay_rate": 0.5}
_MOMENTUM = {"name": "momentum", "learning_rate": 0.05}
_NESTEROV = {"name": "nesterov", "learning_rate": 0.05}
_CHAPTER_BATCH_NORM = {"decay": 0.99, "scale": True}

_RECIPES = (
    # initialisation and activations
    Recipe("he_init"),
    Recipe("xavier_init", activation="sigmoid", initializer="xavier", optimizer=_MOMENTUM),
    Recipe("elu", activation="elu"),
    Recipe("leaky_relu", activation="leaky_relu"),
    Recipe("tanh", activation="tanh", initializer="xavier"),
    # normalisation and constraints
    Recipe("batch_norm", activation="elu", batch_norm=_CHAPTER_BATCH_NORM),
    Recipe("batch_norm_defaults", batch_norm={}),
    Recipe("max_norm", max_norm={"threshold": 1.0, "axes": 1}),
    Recipe("max_norm_incoming", max_norm={"threshold": 1.0, "axes": 0}),
    Recipe("gradient_clipping", clip_value=0.01),
    # optimizers
    Recipe("gradient_descent", initializer="xavier"),
    Recipe("momentum", optimizer=_MOMENTUM),
    Recipe("nesterov", optimizer=_NESTEROV),
    Recipe("adagrad", optimizer={"name": "adagrad", "learning_rate": 0.05}),
    Recipe("rmsprop", optimizer={"name": "rmsprop", "learning_rate": 0.001}),
    Recipe(
        "rmsprop_centered",
        optimizer={"name": "rmsprop", "learning_rate": 0.001, "centered": True, "momentum": 0.5},
    ),
    Recipe("adam", optimizer={"name": "adam", "learning_rate": 0.001}),
    # decaying rates
    Recipe("exponential_decay", schedule=_DECAY),
    Recipe("exponential_decay_staircase", schedule={**_DECAY, "staircase": True}),
    Recipe("momentum_decay", optimizer=_MOMENTUM, schedule=_DECAY),
    Recipe("nesterov_decay", optimizer=_NESTEROV, schedule=_DECAY),
    # regularization
    Recipe("l1", regularizer={"l1": 0.001}),
    Recipe("l2", regularizer={"l2": 0.01}),
    Recipe("l1_l2", regularizer={"l1": 0.0005, "l2": 0.005}),
    Recipe("dropout", keep_prob=0.5),
    # combinations
    Recipe(
        "clipped_momentum_decay",
        activation="elu",
        optimizer=_MOMENTUM,
        schedule=_DECAY,
        clip_value=0.02,
    ),
    Recipe(
        "max_norm_l2_dropout",
        activation="leaky_relu",
        max_norm={"threshold": 0.7, "axes": 0},
        regularizer={"l2": 0.01},
        keep_prob=0.8,
        optimizer=_MOMENTUM,
    ),
    Recipe(
        "best_practice",
        activation="elu",
        batch_norm=_CHAPTER_BATCH_NORM,
        keep_prob=0.9,
        optimizer={"name": "nesterov", "learning_rate": 0.05},
        schedule={"decay_steps": 2000, "decay_rate": 0.8},
    ),
    # double precision, where TF1 has it
    Recipe("momentum_decay_float64", optimizer=_MOMENTUM, schedule=_DECAY, dtype="float64"),
    Recipe("max_norm_float64", max_norm={"threshold": 0.7, "axes": 1}, dtype="float64"),
    Recipe("adam_float64", optimizer={"name": "adam", "learning_rate": 0.001}, dtype="float64"),
    Recipe(
        "adagrad_float64", optimizer={"name": "adagrad", "learning_rate": 0.05}, dtype="float64"
    ),
    Recipe("dropout_float64", keep_prob=0.9, steps=20, dtype="float64"),
    Recipe(
        "rmsprop_l2_float64",
        activation="tanh",
        regularizer={"l2": 0.01},
        optimizer={"name": "rmsprop", "learning_rate": 0.001},
        schedule=_DECAY,
        dtype="float64",
    ),
)

CATALOG = {recipe.name: recipe for recipe in _RECIPES}


def get(name: str) -> Recipe:
    """Returns the recipe of this name from the catalog.

    Raises:
        ValueError: for an unknown name; the text lists all names.

    >>> get("momentum_decay").schedule_arguments()
    {'staircase': False, 'decay_steps': 20, 'decay_rate': 0.5}
    """
    validation.choice("recipe", name, CATALOG)
    return CATALOG[name]
