"""Finds Adam with TF1's epsilon, which is a tenth of that of Keras."""

from collections.abc import Iterator

from tf_recipes._support.known_differences import built_in
from tf_recipes.scan.terms.rule import Advice, Called, trap

FUNCTIONS = frozenset({"tf.train.AdamOptimizer"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on an epsilon that is left out."""
    if call.lacks("epsilon"):
        yield Advice(
            "AdamOptimizer has epsilon=1e-08 by default; keras.optimizers.Adam has 1e-07.",
            f"tf_recipes.Adam({call.text('learning_rate')}, beta_1={call.text('beta1')}, "
            f"beta_2={call.text('beta2')}, epsilon=1e-08)",
        )


RULE = trap(
    code="TFR020",
    name="adam-epsilon",
    difference="epsilon",
    summary=f"AdamOptimizer without epsilon; Keras' Adam has {built_in('epsilon', 'adam')}.",
    before=("import tensorflow as tf\no = tf.train.AdamOptimizer(1e-4)\n"),
    after=("import tensorflow as tf\no = tf.train.AdamOptimizer(1e-4, epsilon=1e-7)\n"),
    functions=FUNCTIONS,
    call=check,
)
