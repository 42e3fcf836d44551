"""Rewrites the decays of `tf.train` as schedules, which count the steps themselves."""

from collections.abc import Callable, Mapping

from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import KERAS, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, New

_KERAS = "keras.optimizers.schedules."


def _schedule(
    function: str, positional: list[str], spelled: Mapping[str, str], step: str = "global_step"
) -> Callable[[Call], New]:
    make = new_arguments.simple(
        function,
        {name: name for name in ("decay_steps", "decay_rate", *spelled)},
        spelled,
        positional,
        dropped=("name", step),
    )

    def check(call: Call) -> New:
        if not call.is_rate:
            raise CannotFix("the rate is used outside an optimizer, and a schedule is no tensor")
        return make(call)

    return check


_FIRST = ["learning_rate"]
_STAIRS = {"staircase": "False"}
_PIECES = _schedule(f"{_KERAS}PiecewiseConstantDecay", ["boundaries", "values"], {}, "x")

REWRITE = Rewrite(
    name="schedules",
    idiom=KERAS,
    summary="The decays of `tf.train`, in an optimizer, as schedules without a step.",
    before=(
        "import tensorflow as tf\n\n\n"
        "def optimizer(step):\n"
        "    rate = tf.train.exponential_decay(0.1, step, 1000, 0.5)\n"
        "    return tf.train.GradientDescentOptimizer(rate)\n"
    ),
    after=(
        "import tensorflow as tf\n"
        "import tf_recipes\n\n\n"
        "def optimizer(step):\n"
        "    rate = tf_recipes.exponential_decay("
        "0.1, decay_steps=1000, decay_rate=0.5, staircase=False)\n"
        "    return tf_recipes.GradientDescent(rate)\n"
    ),
    calls={
        "tf.train.exponential_decay": _schedule("tf_recipes.exponential_decay", _FIRST, _STAIRS),
        "tf.train.inverse_time_decay": _schedule(f"{_KERAS}InverseTimeDecay", _FIRST, _STAIRS),
        "tf.train.polynomial_decay": _schedule(
            f"{_KERAS}PolynomialDecay",
            _FIRST,
            {"end_learning_rate": "0.0001", "power": "1.0", "cycle": "False"},
        ),
        "tf.train.cosine_decay": _schedule(f"{_KERAS}CosineDecay", _FIRST, {"alpha": "0.0"}),
        "tf.train.piecewise_constant": _PIECES,
        "tf.train.piecewise_constant_decay": _PIECES,
    },
)
