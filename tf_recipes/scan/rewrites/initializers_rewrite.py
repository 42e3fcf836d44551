"""Rewrites initializers as those of Keras and of this package, with TF1's defaults."""

from collections.abc import Callable

from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import KERAS, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, Given, New, Piece, literal, short

_OWN = "keras.initializers."
_SEED = {"seed": "seed"}


def _dtype(call: Call) -> None:
    given = call.take("dtype")
    if call.inline:
        return  # TF1's layers and variables pass their own
    if given is not None and not given.text.strip().endswith("float32"):
        raise CannotFix(f"dtype={short(given.text)} belongs to the layer")


def _initializer(
    function: str,
    same: tuple[str, ...] = (),
    spelled: dict[str, str] | None = None,
    drawn: bool = True,
) -> Callable[[Call], New]:
    """Returns the function that rewrites a call; `drawn` says that numbers are drawn."""

    def make(call: Call) -> New:
        if drawn and function.startswith(_OWN) and not call.inline:
            # an object of Keras draws the same numbers for each layer of the same shape
            raise CannotFix("an initializer of Keras must not be shared between layers")
        _dtype(call)
        renamed = {**{name: name for name in same}, **(_SEED if drawn else {})}
        made = new_arguments.pieces(call, renamed, {"seed": new_arguments.unless_none}, (), spelled)
        call.done()
        return New(function, made)

    return make


def _constant(call: Call) -> New:
    _dtype(call)
    verified = call.take("verify_shape")
    is_verified = verified is not None and literal(verified, "verify_shape") is True
    given = call.take("value")
    value = literal(given, "value") if given else 0
    if isinstance(value, list) and not is_verified:
        # TF1 fills a larger shape with the last value, and takes any order of axes
        raise CannotFix("the values are several")
    if is_verified and not isinstance(value, list):
        raise CannotFix("verify_shape refuses one value for several")
    if not isinstance(value, int | float | list):
        raise CannotFix(f"value={short(given.text if given else '')} is no number")
    call.done()
    return New("keras.initializers.Constant", [Piece(None, given or "0")])


def _scaling(call: Call) -> New:
    _dtype(call)
    names = ("factor", "mode", "uniform", "seed")
    if not any(call.has(name) for name in names):
        call.done()
        return New("tf_recipes.he_init", [])
    spelled = {"factor": "2.0", "mode": '"FAN_IN"', "uniform": "False"}
    made = new_arguments.pieces(
        call, {n: n for n in names}, {"seed": new_arguments.unless_none}, (), spelled
    )
    call.done()
    return New("tf_recipes.VarianceScaling", made)


def _xavier(call: Call) -> New:
    _dtype(call)
    renamed = {"uniform": "uniform", "seed": "seed"}
    made = new_arguments.pieces(call, renamed, {"seed": new_arguments.unless_none})
    call.done()
    return New("tf_recipes.xavier_init", made)


def _unit(call: Call) -> New:
    _dtype(call)
    if not call.inline:
        raise CannotFix("an initializer of Keras must not be shared between layers")
    factor: str | Given = "1.0"
    if given := call.take("factor"):
        factor = f"({given.text.strip()}) ** 2"
    made = [Piece("scale", factor), Piece("mode", '"fan_in"'), Piece("distribution", '"uniform"')]
    made += new_arguments.pieces(call, _SEED, {"seed": new_arguments.unless_none})
    call.done()
    return New("keras.initializers.VarianceScaling", made)


_MEAN = ("mean", "stddev")
_BOUNDS = ("minval", "maxval")
_SCALE = ("scale", "mode", "distribution")
_CALLS = {
    "zeros": _initializer(f"{_OWN}Zeros", drawn=False),
    "ones": _initializer(f"{_OWN}Ones", drawn=False),
    "constant": _constant,
    "truncated_normal": _initializer(f"{_OWN}TruncatedNormal", _MEAN, {"stddev": "1.0"}),
    "random_normal": _initializer(f"{_OWN}RandomNormal", _MEAN, {"stddev": "1.0"}),
    "random_uniform": _initializer(
        f"{_OWN}RandomUniform", _BOUNDS, {"minval": "0.0", "maxval": "1.0"}
    ),
    "glorot_uniform": _initializer(f"{_OWN}GlorotUniform"),
    "glorot_normal": _initializer(f"{_OWN}GlorotNormal"),
    "orthogonal": _initializer(f"{_OWN}Orthogonal", ("gain",)),
    "variance_scaling": _initializer(
        f"{_OWN}VarianceScaling",
        _SCALE,
        {"scale": "1.0", "mode": '"fan_in"', "distribution": '"truncated_normal"'},
    ),
    "uniform_unit_scaling": _unit,
}

REWRITE = Rewrite(
    name="initializers",
    idiom=KERAS,
    summary="Initializers, with TF1's standard deviation and bounds.",
    before=(
        "import tensorflow as tf\n\n\n"
        "def net(x):\n"
        "    he = tf.contrib.layers.variance_scaling_initializer()\n"
        "    y = tf.layers.dense(x, 9, kernel_initializer=he)\n"
        "    return tf.layers.dense("
        "y, 2, kernel_initializer=tf.truncated_normal_initializer(0.1))\n"
    ),
    after=(
        "import keras\n"
        "import tensorflow as tf\n"
        "import tf_recipes\n\n\n"
        "def net(x):\n"
        "    he = tf_recipes.he_init()\n"
        "    y = keras.layers.Dense(9, kernel_initializer=he)(x)\n"
        "    return keras.layers.Dense("
        "2, kernel_initializer=keras.initializers.TruncatedNormal(mean=0.1, stddev=1.0))(y)\n"
    ),
    calls={
        **{f"tf.{name}_initializer": make for name, make in _CALLS.items()},
        **{f"tf.initializers.{name}": make for name, make in _CALLS.items()},
        "tf.contrib.layers.variance_scaling_initializer": _scaling,
        "tf.contrib.layers.xavier_initializer": _xavier,
        "tf.contrib.layers.xavier_initializer_conv2d": _xavier,
    },
)
