"""Recipe: the frozen description that both the TF1 graph and the Keras model are built from.

It needs nothing but Python 3.7, because the TF1 side reads it too.
"""

import dataclasses
import numbers
import re
from types import MappingProxyType
from typing import Any, Mapping, Optional, Tuple

from tf_recipes._support import validation

ACTIVATIONS = ("relu", "elu", "leaky_relu", "sigmoid", "tanh")
INITIALIZERS = ("he", "xavier")
DTYPES = ("float32", "float64")
N_INPUTS = 28 * 28  # pixels of an image of MNIST
N_OUTPUTS = 10  # its digits
PORTS = ("exact", "textbook")  # the two Keras models of each recipe

# What TF1 itself assumes where an argument is absent.
BATCH_NORM_DEFAULTS = {"decay": 0.999, "center": True, "scale": False, "epsilon": 0.001}
MAX_NORM_DEFAULTS = {"axes": 1}
SCHEDULE_DEFAULTS = {"staircase": False}
OPTIMIZER_DEFAULTS = {
    "gradient_descent": {"learning_rate": 0.05},
    "momentum": {"momentum": 0.9, "use_nesterov": False},
    "nesterov": {"momentum": 0.9},
    "adagrad": {"initial_accumulator_value": 0.1},
    "rmsprop": {"decay": 0.9, "momentum": 0.0, "epsilon": 1e-10, "centered": False},
    "adam": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}


def _check_batch_norm(value):
    validation.keys("batch_norm", value, BATCH_NORM_DEFAULTS)
    validation.number("batch_norm.decay", value.get("decay", 0.999), 0, 1)
    validation.number("batch_norm.epsilon", value.get("epsilon", 0.001), 0)
    validation.flag("batch_norm.center", value.get("center", True))
    validation.flag("batch_norm.scale", value.get("scale", False))


def _check_max_norm(value):
    validation.keys("max_norm", value, ("threshold", "axes"), required=("threshold",))
    validation.number("max_norm.threshold", value["threshold"], 0, open_low=True)
    validation.axes("max_norm.axes", value.get("axes", 1), rank=2)


def _check_regularizer(value):
    validation.keys("regularizer", value, ("l1", "l2"))
    for key, scale in value.items():
        validation.scale("regularizer." + key, scale)


def _check_optimizer(value):
    validation.keys("optimizer", value, value, required=("name",))
    name = value["name"]
    validation.choice("optimizer.name", name, OPTIMIZER_DEFAULTS)
    shared = ("name", "learning_rate", "use_locking")
    validation.keys("optimizer", value, (*shared, *OPTIMIZER_DEFAULTS[name]))
    if "learning_rate" not in {**OPTIMIZER_DEFAULTS[name], **value}:
        validation.keys("optimizer", value, value, required=("learning_rate",))
    for key, argument in value.items():
        field = "optimizer." + key
        if key in ("use_nesterov", "centered", "use_locking"):
            validation.flag(field, argument)
        elif key in ("decay", "beta1", "beta2"):
            validation.number(field, argument, 0, 1, open_high=key != "decay")
        elif key == "initial_accumulator_value":
            validation.number(field, argument, 0, open_low=True)
        elif key != "name":
            validation.number(field, argument, 0)


def _check_schedule(value):
    validation.keys(
        "schedule",
        value,
        ("decay_steps", "decay_rate", "staircase"),
        required=("decay_steps", "decay_rate"),
    )
    validation.number("schedule.decay_steps", value["decay_steps"], 0, open_low=True)
    validation.number("schedule.decay_rate", value["decay_rate"], 0, open_low=True)
    validation.flag("schedule.staircase", value.get("staircase", False))


def _frozen(value):
    """Lists become tuples, mappings read-only, NumPy's scalars Python's, all the way down."""
    if isinstance(value, numbers.Number) and hasattr(value, "item"):
        return value.item()
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return tuple(_frozen(item) for item in value) if isinstance(value, (list, tuple)) else value


def _plain(value):
    """The JSON form of `_frozen`."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


@dataclasses.dataclass(frozen=True, eq=False)
class Recipe:
    """One training recipe for MNIST, in the words of the trace format.

    Args:
        name: a word.
        hidden: units of the hidden layers; the output layer has 10 units.
        activation: of the hidden layers, one of `ACTIVATIONS`.
        initializer: `"he"` or `"xavier"`, as `tf.contrib.layers` had them.
        batch_norm: `None`, or arguments of contrib's `batch_norm` (`decay`, `scale`, `center`,
            `epsilon`); then every layer is normalised, the output layer too.
        max_norm: `None`, or `{"threshold", "axes"}`; bounds the hidden layers' weights after each
            step and takes the regularizer's place there.
        regularizer: `None`, `{"l1": scale}`, `{"l2": scale}` or both, on every layer's weights.
        keep_prob: below 1, dropout on the input and after each hidden layer.
        optimizer: `{"name", "learning_rate", ...}` with `tf.train`'s own argument names.
        schedule: `None`, or `exponential_decay`'s `{"decay_steps", "decay_rate", "staircase"}`.
        clip_value: `None`, or the threshold of `clip_by_value` on every gradient.
        dtype: `"float32"` or `"float64"`.
        batch_size: images per step.
        steps: training steps.
        seed: a whole number.

    Raises:
        ValueError: if a value breaks its rule; the text names the field.
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
        default_factory=lambda: {"name": "gradient_descent", "learning_rate": 0.05}
    )
    schedule: Optional[Mapping[str, Any]] = None
    clip_value: Optional[float] = None
    dtype: str = "float32"
    batch_size: int = 50
    steps: int = 100
    seed: int = 0

    def __post_init__(self):
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _frozen(getattr(self, field.name)))
        if not isinstance(self.name, str) or not re.match(r"\w[\w.+-]*\Z", self.name):
            validation.fail("`name` must be one word.", f"name={self.name!r}", "Shorten it.")
        if not isinstance(self.hidden, tuple):
            validation.fail(
                "`hidden` must be a list of layer sizes.",
                f"hidden={self.hidden!r}",
                "Write (300, 100), say.",
            )
        for units in self.hidden:
            validation.whole("hidden", units, 1)
        validation.choice("activation", self.activation, ACTIVATIONS)
        validation.choice("initializer", self.initializer, INITIALIZERS)
        validation.choice("dtype", self.dtype, DTYPES)
        validation.number("keep_prob", self.keep_prob, 0, 1, open_low=True)
        for field, check in (
            ("batch_norm", _check_batch_norm),
            ("max_norm", _check_max_norm),
            ("regularizer", _check_regularizer),
            ("schedule", _check_schedule),
        ):
            if getattr(self, field) is not None:
                check(getattr(self, field))
        _check_optimizer(self.optimizer)
        if self.clip_value is not None:
            validation.number("clip_value", self.clip_value, 0, open_low=True)
        for field, low in (("batch_size", 1), ("steps", 1), ("seed", 0)):
            validation.whole(field, getattr(self, field), low)

    @classmethod
    def from_spec(cls, spec):
        """The recipe of a trace's `spec`; `ValueError` names an unknown or missing key."""
        names = [field.name for field in dataclasses.fields(cls)]
        validation.keys("spec", spec, names, required=("name",))
        return cls(**spec)

    def to_spec(self):
        """A new dict with every key, ready for JSON."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    def replace(self, **changes):
        """A copy with some fields changed."""
        return type(self)(**{**self.to_spec(), **changes})

    def batch_norm_arguments(self):
        """contrib's `batch_norm` arguments with TF1's defaults, or None."""
        return self._with(BATCH_NORM_DEFAULTS, self.batch_norm)

    def max_norm_arguments(self):
        """`threshold` and `axes` (a tuple), or None."""
        merged = self._with(MAX_NORM_DEFAULTS, self.max_norm)
        if merged and not isinstance(merged["axes"], tuple):
            merged["axes"] = (merged["axes"],)
        return merged

    def schedule_arguments(self):
        """`exponential_decay`'s arguments with TF1's defaults, or None."""
        return self._with(SCHEDULE_DEFAULTS, self.schedule)

    def optimizer_arguments(self):
        """`tf.train`'s arguments with TF1's defaults, without `name`."""
        merged = self._with(OPTIMIZER_DEFAULTS[self.optimizer["name"]], self.optimizer)
        del merged["name"]
        return merged

    @staticmethod
    def _with(defaults, given):
        return None if given is None else {**defaults, **given}

    def __eq__(self, other):
        return isinstance(other, Recipe) and self.to_spec() == other.to_spec()

    def __hash__(self):
        return hash((self.name, self.hidden, self.seed))  # 1 and 1.0 are equal, their JSON is not

    def __reduce__(self):
        return (type(self).from_spec, (self.to_spec(),))
