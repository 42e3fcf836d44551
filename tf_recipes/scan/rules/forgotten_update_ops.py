"""Finds files with batch normalization that never run the updates of its averages."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Whole, trap

FUNCTIONS = frozenset({"tf.layers.batch_normalization", "tf.contrib.layers.batch_norm"})


def check(whole: Whole) -> Iterator[Advice]:
    """Yields advice on the first batch normalization of a file that trains and forgets them."""
    trains = ".minimize(" in whole.text or ".apply_gradients(" in whole.text
    if not trains or "UPDATE_OPS" in whole.text or "create_train_op" in whole.text:
        return
    for call in whole.calls:
        moved = call.argument("updates_collections")
        if call.name in FUNCTIONS and moved is None and not call.unsure:
            yield Advice(
                "This file trains and has no UPDATE_OPS: unless another file runs them, TF1 never "
                "moved the averages, and evaluated with mean 0 and variance 1. Keras moves them.",
                "nothing in Keras, whose averages move in fit; expect other numbers in evaluation",
                node=call.node,
            )
            return


RULE = trap(
    code="TFR015",
    name="forgotten-update-ops",
    difference="frozen_batch_norm",
    summary=(
        "Batch normalization in a file without UPDATE_OPS: its averages may never have "
        "moved in TF1."
    ),
    before=(
        "import tensorflow as tf\n"
        "y = tf.layers.batch_normalization(x, training=True)\n"
        "s = tf.train.AdamOptimizer().minimize(y)\n"
    ),
    after=(
        "import tensorflow as tf\n"
        "y = tf.layers.batch_normalization(x, training=True)\n"
        "u = tf.get_collection(tf.GraphKeys.UPDATE_OPS)\n"
        "s = tf.train.AdamOptimizer().minimize(y)\n"
    ),
    functions=FUNCTIONS,
    whole=check,
)
