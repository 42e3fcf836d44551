"""Defines Recipe: the frozen description from which TF1's graph and the Keras model are built.

It needs nothing but Python 3.7, because the TF1 side reads it too.
"""

import dataclasses
import functools
import numbers
import re
from types import MappingProxyType
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from tf_recipes._support import validation

ACTIVATIONS = ("relu", "elu", "leaky_relu", "sigmoid", "tanh")
INITIALIZERS = ("he", "xavier")
DTYPES = ("float32", "float64")
N_INPUTS = 28 * 28  # pixels of an image of MNIST
N_OUTPUTS = 10  # digits of MNIST
PORT_NAMES = ("exact", "textbook")  # the two Keras models of each recipe

# TF1's defaults of the arguments that a recipe may leave out. They also list the arguments that a
# recipe may set, and a bool among them says that the argument is a flag.
BATCH_NORM_DEFAULTS = {"decay": 0.999, "center": True, "scale": False, "epsilon": 0.001}
MAX_NORM_DEFAULTS = {"axes": 1}
REGULARIZER_DEFAULTS = {"l1": 0.0, "l2": 0.0}
SCHEDULE_DEFAULTS = {"staircase": False}
OPTIMIZER_DEFAULTS: Dict[str, Dict[str, Any]] = {
    "gradient_descent": {"learning_rate": 0.05},  # of the trace format; TF1 has no default
    "momentum": {"momentum": 0.9, "use_nesterov": False},
    "nesterov": {"momentum": 0.9},
    "adagrad": {"initial_accumulator_value": 0.1},
    "rmsprop": {"decay": 0.9, "momentum": 0.0, "epsilon": 1e-10, "centered": False},
    "adam": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}
# A flag that every optimizer of TF1 takes. It changes no number, so the defaults above omit it.
_OPTIMIZER_FLAGS = {"use_locking": False}

_Check = Callable[[str, Any], Any]  # takes the name and the value of a field or argument
_at_least_0 = functools.partial(validation.number, low=0)
_above_0 = functools.partial(validation.number, low=0, open_low=True)
_from_0_to_1 = functools.partial(validation.number, low=0, high=1)
_from_0_below_1 = functools.partial(validation.number, low=0, high=1, open_high=True)

# The checks of arguments that are neither flags nor plain numbers of at least 0.
_ARGUMENT_CHECKS: Dict[str, _Check] = {
    "axes": functools.partial(validation.axes, rank=2),
    "beta1": _from_0_below_1,
    "beta2": _from_0_below_1,
    "decay": _from_0_to_1,
    "decay_rate": _above_0,
    "decay_steps": _above_0,
    "initial_accumulator_value": _above_0,
    "l1": validation.scale,
    "l2": validation.scale,
    "name": functools.partial(validation.choice, choices=OPTIMIZER_DEFAULTS),
    "threshold": _above_0,
}


def _check_arguments(
    field: str, value: Any, defaults: Mapping[str, Any], required: Tuple[str, ...] = ()
) -> None:
    """Checks a mapping of TF1's arguments: first its keys, then each value.

    Args:
        field: name of the recipe's field, for the error text.
        value: the mapping.
        defaults: `{argument: default}` of the arguments that may be left out.
        required: the arguments that may not be left out.

    Raises:
        ValueError: for an unknown or missing key, or a value outside its range.
    """
    validation.keys(field, value, (*required, *defaults), required)
    for key, argument in value.items():
        is_flag = isinstance(defaults.get(key), bool)
        check = validation.flag if is_flag else _ARGUMENT_CHECKS.get(key, _at_least_0)
        check(field + "." + key, argument)


def _check_name(field: str, value: Any) -> None:
    if not isinstance(value, str) or not re.match(r"\w[\w.+-]*\Z", value):
        validation.fail(
            f"`{field}` must be one word.",
            f"{field}={value!r}",
            "Use letters, digits and the characters _ . + - only, such as my_recipe.",
        )


def _check_hidden(field: str, value: Any) -> None:
    if not isinstance(value, tuple):
        validation.fail(
            f"`{field}` must be a list of layer sizes.",
            f"{field}={value!r}",
            "Pass a list such as (300, 100).",
        )
    for units in value:
        validation.whole(field, units, 1)


def _check_optimizer(field: str, value: Any) -> None:
    validation.keys(field, value, value, required=("name",))
    validation.choice(field + ".name", value["name"], OPTIMIZER_DEFAULTS)
    defaults = {**OPTIMIZER_DEFAULTS[value["name"]], **_OPTIMIZER_FLAGS}
    required = tuple(key for key in ("name", "learning_rate") if key not in defaults)
    _check_arguments(field, value, defaults, required)


_FIELD_CHECKS: Dict[str, _Check] = {
    "name": _check_name,
    "hidden": _check_hidden,
    "activation": functools.partial(validation.choice, choices=ACTIVATIONS),
    "initializer": functools.partial(validation.choice, choices=INITIALIZERS),
    "batch_norm": functools.partial(_check_arguments, defaults=BATCH_NORM_DEFAULTS),
    "max_norm": functools.partial(
        _check_arguments, defaults=MAX_NORM_DEFAULTS, required=("threshold",)
    ),
    "regularizer": functools.partial(_check_arguments, defaults=REGULARIZER_DEFAULTS),
    "keep_prob": functools.partial(validation.number, low=0, high=1, open_low=True),
    "optimizer": _check_optimizer,
    "schedule": functools.partial(
        _check_arguments, defaults=SCHEDULE_DEFAULTS, required=("decay_steps", "decay_rate")
    ),
    "clip_value": _above_0,
    "dtype": functools.partial(validation.choice, choices=DTYPES),
    "batch_size": functools.partial(validation.whole, low=1),
    "steps": functools.partial(validation.whole, low=1),
    "seed": functools.partial(validation.whole, low=0),
}


def _frozen(value: Any) -> Any:
    """Returns an immutable copy: tuples for lists, read-only mappings, Python's scalars."""
    if isinstance(value, numbers.Number) and hasattr(value, "item"):
        return value.item()
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return tuple(_frozen(item) for item in value) if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    """Returns the JSON form of what `_frozen` made: lists and dicts."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


@dataclasses.dataclass(frozen=True, eq=False)
class Recipe:
    """Describes one training setup for MNIST, with the keys of the trace format.

    Args:
        name: one word.
        hidden: units of the hidden layers; the output layer has 10 units.
        activation: of the hidden layers, one of `ACTIVATIONS`.
        initializer: `"he"` or `"xavier"`, with the distributions of `tf.contrib.layers`.
        batch_norm: `None`, or arguments of contrib's `batch_norm` (`decay`, `scale`, `center`,
            `epsilon`). With arguments, even none (`{}`), every layer is normalised, the output
            layer too.
        max_norm: `None`, or `{"threshold", "axes"}`, which bounds the hidden layers' weights after
            each step. In the hidden layers it replaces the regularizer.
        regularizer: `None`, `{"l1": scale}`, `{"l2": scale}` or both, on every layer's weights.
        keep_prob: share of units that dropout keeps, in (0, 1]. Below 1, dropout acts on the input
            and after each hidden layer.
        optimizer: `{"name", "learning_rate", ...}` with the argument names of `tf.train`.
        schedule: `None`, or `exponential_decay`'s `{"decay_steps", "decay_rate", "staircase"}`.
        clip_value: `None`, or the threshold of `clip_by_value` on every gradient.
        dtype: `"float32"` or `"float64"`.
        batch_size: images per step.
        steps: number of training steps.
        seed: a whole number >= 0.

    Raises:
        ValueError: if a value breaks its rule; the text names the field.

    >>> recipe = Recipe("small", hidden=(30,), batch_norm={"decay": 0.99})
    >>> recipe.batch_norm_arguments()
    {'decay': 0.99, 'center': True, 'scale': False, 'epsilon': 0.001}
    """

    name: str
    hidden: Tuple[int, ...] = (300, 100)
    activation: str = "relu"
    initializer: str = "he"
    batch_norm: Optional[Mapping[str, Any]] = None
    max_norm: Optional[Mapping[str, Any]] = None
    regularizer: Optional[Mapping[str, float]] = None
    keep_prob: float = 1.0
    optimizer: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: {
            "name": "gradient_descent",
            **OPTIMIZER_DEFAULTS["gradient_descent"],
        }
    )
    schedule: Optional[Mapping[str, Any]] = None
    clip_value: Optional[float] = None
    dtype: str = "float32"
    batch_size: int = 50
    steps: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = _frozen(getattr(self, field.name))
            object.__setattr__(self, field.name, value)
            if value is not None or field.default is not None:  # a default of None allows None
                _FIELD_CHECKS[field.name](field.name, value)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "Recipe":
        """Makes the recipe of a trace's `spec`.

        Raises:
            ValueError: for an unknown or missing key, or a value that breaks its rule.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        validation.keys("spec", spec, names, required=("name",))
        return cls(**spec)

    def to_spec(self) -> Dict[str, Any]:
        """Returns a new dict with every key, ready for JSON."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    def replace(self, **changes: Any) -> "Recipe":
        """Returns a copy with some fields changed."""
        return type(self)(**{**self.to_spec(), **changes})

    def batch_norm_arguments(self) -> Optional[Dict[str, Any]]:
        """Returns the arguments of contrib's `batch_norm` with TF1's defaults, or None."""
        return _with_defaults(BATCH_NORM_DEFAULTS, self.batch_norm)

    def max_norm_arguments(self) -> Optional[Dict[str, Any]]:
        """Returns `threshold` and `axes`, a tuple, or None."""
        arguments = _with_defaults(MAX_NORM_DEFAULTS, self.max_norm)
        if arguments and not isinstance(arguments["axes"], tuple):
            arguments["axes"] = (arguments["axes"],)
        return arguments

    def regularizer_arguments(self) -> Optional[Dict[str, Any]]:
        """Returns the scales `l1` and `l2`, 0 where the recipe has none, or None."""
        return _with_defaults(REGULARIZER_DEFAULTS, self.regularizer)

    def schedule_arguments(self) -> Optional[Dict[str, Any]]:
        """Returns the arguments of `exponential_decay` with TF1's defaults, or None."""
        return _with_defaults(SCHEDULE_DEFAULTS, self.schedule)

    def optimizer_arguments(self) -> Dict[str, Any]:
        """Returns the arguments of `tf.train`'s optimizer with TF1's defaults, without `name`."""
        arguments = {**OPTIMIZER_DEFAULTS[self.optimizer["name"]], **self.optimizer}
        del arguments["name"]
        return arguments

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipe) and self.to_spec() == other.to_spec()

    def __hash__(self) -> int:
        # not of the JSON text: 1 and 1.0 are equal, their JSON is not
        return hash((self.name, self.hidden, self.seed))

    def __reduce__(self) -> Tuple[Any, ...]:
        return (type(self).from_spec, (self.to_spec(),))


def _with_defaults(
    defaults: Mapping[str, Any], given: Optional[Mapping[str, Any]]
) -> Optional[Dict[str, Any]]:
    """Returns the given arguments with the defaults of the missing ones, or None for None."""
    return None if given is None else {**defaults, **given}
