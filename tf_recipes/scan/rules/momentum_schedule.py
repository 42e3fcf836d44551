"""Finds momentum under a rate that may change: Keras folds the rate into the velocity."""

from collections.abc import Iterator

from tf_recipes._support.known_differences import built_in
from tf_recipes.scan.terms.rule import Advice, Called, number, trap

FUNCTIONS = frozenset({"tf.train.MomentumOptimizer"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a rate that is no number in the code."""
    rate = call.argument("learning_rate")
    if rate is None or number(rate) is not None:
        return
    yield Advice(
        "TF1 multiplies the whole velocity by the rate of the step; "
        "keras.optimizers.SGD folds each "
        "step's rate into the velocity. Under a rate that changes they train another model.",
        f"tf_recipes.Momentum({call.text('learning_rate')}, momentum={call.text('momentum')}, "
        f"nesterov={call.text('use_nesterov')})",
    )


RULE = trap(
    code="TFR018",
    name="momentum-schedule",
    difference="optimizer",
    summary=(
        "MomentumOptimizer whose rate is no constant; in Keras' SGD, "
        f"{built_in('optimizer', 'momentum')}."
    ),
    before=(
        "import tensorflow as tf\n"
        "rate = tf.train.exponential_decay(0.1, step, 1000, 0.5)\n"
        "o = tf.train.MomentumOptimizer(rate, 0.9)\n"
    ),
    after=("import tensorflow as tf\no = tf.train.MomentumOptimizer(0.1, 0.9)\n"),
    functions=FUNCTIONS,
    call=check,
)
