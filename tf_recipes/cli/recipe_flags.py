"""Turns flags into a recipe: one flag for each hyperparameter, all in one table."""

from typing import Any, NamedTuple

from absl import flags

from tf_recipes import catalog
from tf_recipes.cli import size_limits
from tf_recipes.cli.application import UsageError
from tf_recipes.cli.flag_values import whole_numbers
from tf_recipes.recipe import OPTIMIZER_DEFAULTS, Recipe


class _Flag(NamedTuple):
    """Describes a flag: its name, absl's kind, the place in the recipe, and the help text.

    `field` is a field of `Recipe`, `key` a key inside that field, or None for the field itself.
    """

    name: str
    kind: str
    field: str
    key: str | None
    help: str


_FLAGS = (
    _Flag("hidden", "list", "hidden", None, "Units of the hidden layers, such as 300,100."),
    _Flag("activation", "string", "activation", None, "relu, elu, leaky_relu, sigmoid, tanh."),
    _Flag("initializer", "string", "initializer", None, "he or xavier."),
    _Flag("batch_norm_decay", "float", "batch_norm", "decay", "Decay of the moving averages."),
    _Flag("batch_norm_scale", "bool", "batch_norm", "scale", "Whether batch norm has gamma."),
    _Flag("batch_norm_center", "bool", "batch_norm", "center", "Whether batch norm has beta."),
    _Flag("batch_norm_epsilon", "float", "batch_norm", "epsilon", "Added to the variance."),
    _Flag(
        "max_norm_threshold", "float", "max_norm", "threshold", "Largest norm of hidden weights."
    ),
    _Flag(
        "max_norm_axes", "list", "max_norm", "axes", "0: incoming weights; 1: as the TF1 snippet."
    ),
    _Flag("l1", "float", "regularizer", "l1", "Scale of sum|w|."),
    _Flag("l2", "float", "regularizer", "l2", "Scale of sum(w^2)/2."),
    _Flag("keep_prob", "float", "keep_prob", None, "Share of units dropout keeps, in (0, 1]."),
    _Flag("learning_rate", "float", "optimizer", "learning_rate", "Rate at the first step."),
    _Flag("momentum", "float", "optimizer", "momentum", "Momentum's or RMSProp's momentum."),
    _Flag("rmsprop_decay", "float", "optimizer", "decay", "Decay of RMSProp's mean square."),
    _Flag("centered", "bool", "optimizer", "centered", "Divide RMSProp's step by the variance."),
    _Flag("beta1", "float", "optimizer", "beta1", "Adam's decay of the mean."),
    _Flag("beta2", "float", "optimizer", "beta2", "Adam's decay of the mean square."),
    _Flag("epsilon", "float", "optimizer", "epsilon", "RMSProp's or Adam's epsilon."),
    _Flag(
        "initial_accumulator_value",
        "float",
        "optimizer",
        "initial_accumulator_value",
        "Where Adagrad's sum of squares starts.",
    ),
    _Flag("decay_steps", "float", "schedule", "decay_steps", "Steps per factor decay_rate."),
    _Flag("decay_rate", "float", "schedule", "decay_rate", "Factor per decay_steps."),
    _Flag("staircase", "bool", "schedule", "staircase", "Decay at whole decay_steps only."),
    _Flag("clip_value", "float", "clip_value", None, "Clip each gradient to [-value, value]."),
    _Flag("dtype", "string", "dtype", None, "float32 or float64."),
    _Flag("batch_size", "integer", "batch_size", None, "Images per step."),
    _Flag("steps", "integer", "steps", None, "Training steps."),
    _Flag("seed", "integer", "seed", None, "Seed of the weights, batches and dropout masks."),
)
# These two replace a whole field, before the flags above change a part of that field.
_WHOLE_FIELDS = {
    "batch_norm": ("bool", "Normalize every layer, or (--nobatch_norm) none."),
    "optimizer": (
        "string",
        "gradient_descent, momentum, nesterov, adagrad, rmsprop or adam.",
    ),
}
# What another optimizer takes over from a recipe that names no learning rate.
_LEARNING_RATE = OPTIMIZER_DEFAULTS["gradient_descent"]["learning_rate"]


def define() -> None:
    """Defines a flag for every hyperparameter; each stays None unless the user sets the flag."""
    flags.disclaim_key_flags()  # the --help of the calling script shows these flags
    for name, kind, _, _, text in _FLAGS:
        getattr(flags, f"DEFINE_{kind}")(name, None, text)
    for name, (kind, text) in _WHOLE_FIELDS.items():
        getattr(flags, f"DEFINE_{kind}")(name, None, text)


def names() -> list[str]:
    """Returns the names of all recipe flags."""
    return [*(flag.name for flag in _FLAGS), *_WHOLE_FIELDS]


def changed() -> dict[str, Any]:
    """Returns `{flag: value}` of the recipe flags that the user set."""
    return {name: flags.FLAGS[name].value for name in names() if flags.FLAGS[name].present}


def recipe(name: str) -> Recipe:
    """Returns the catalog's recipe `name` with the changes that the user's flags make.

    Args:
        name: a name of the catalog.

    Raises:
        ValueError: for an unknown recipe, a value that breaks the rule of its field, or a size
            that this machine cannot hold.
        UsageError: for flags that contradict each other.
    """
    spec = catalog.get(name).to_spec()
    given = changed()
    if given.get("batch_norm") is False and any("batch_norm_" in flag for flag in given):
        raise UsageError("--nobatch_norm leaves nothing for the other --batch_norm flags.")
    if "batch_norm" in given:
        spec["batch_norm"] = (spec["batch_norm"] or {}) if given["batch_norm"] else None
    if "optimizer" in given:
        rate = spec["optimizer"].get("learning_rate", _LEARNING_RATE)
        spec["optimizer"] = {"name": given["optimizer"], "learning_rate": rate}
    for flag in _FLAGS:
        if flag.name in given:
            value = given[flag.name]
            value = whole_numbers(flag.name, value) if flag.kind == "list" else value
            part = value if flag.key is None else {**(spec[flag.field] or {}), flag.key: value}
            spec[flag.field] = part
    made = Recipe.from_spec(spec)
    (size_limits.check_live if "steps" in given else size_limits.check_recipe)(made)
    return made
