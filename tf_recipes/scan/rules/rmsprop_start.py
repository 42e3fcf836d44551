"""Finds RMSProp, whose mean square starts at one in TF1 and at zero in Keras."""

from collections.abc import Iterator

from tf_recipes._support.known_differences import built_in
from tf_recipes.scan.terms.rule import Advice, Called, trap

FUNCTIONS = frozenset({"tf.train.RMSPropOptimizer"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice with all arguments written out."""
    yield Advice(
        "TF1's mean square starts at one, and epsilon is 1e-10 by default; "
        "keras.optimizers.RMSprop "
        "starts at zero, with 1e-7.",
        f"tf_recipes.RMSProp({call.text('learning_rate')}, rho={call.text('decay')}, "
        f"momentum={call.text('momentum')}, epsilon={call.text('epsilon')}, "
        f"centered={call.text('centered')})",
    )


RULE = trap(
    code="TFR019",
    name="rmsprop-start",
    difference="optimizer",
    summary=(
        "RMSPropOptimizer with epsilon 1e-10 by default; Keras' RMSprop has 1e-7, and its "
        f"{built_in('optimizer', 'rmsprop')}."
    ),
    before=("import tensorflow as tf\no = tf.train.RMSPropOptimizer(0.01, decay=0.95)\n"),
    after=("import tensorflow as tf\no = tf.train.GradientDescentOptimizer(0.01)\n"),
    functions=FUNCTIONS,
    call=check,
)
