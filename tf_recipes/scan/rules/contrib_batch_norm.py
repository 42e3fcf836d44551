"""Finds contrib's batch normalization, whose defaults are not those of Keras."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, trap

FUNCTIONS = frozenset({"tf.contrib.layers.batch_norm"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice with all arguments written out."""
    values = {name: call.text(name) for name in ("decay", "epsilon", "center", "scale")}
    yield Advice(
        f"batch_norm of contrib has decay={values['decay']} and scale={values['scale']} here; "
        "BatchNormalization of Keras has momentum=0.99 and scale=True by default, and another "
        "moving variance.",
        f"tf_recipes.BatchNormalization(momentum={values['decay']}, epsilon={values['epsilon']}, "
        f"center={values['center']}, scale={values['scale']})",
    )


RULE = trap(
    code="TFR014",
    name="contrib-batch-norm",
    difference="batch_norm_decay",
    summary=(
        "batch_norm of contrib: decay 0.999 and no scale by default; Keras has 0.99 and a scale."
    ),
    before=("import tensorflow as tf\ny = tf.contrib.layers.batch_norm(x, is_training=True)\n"),
    after=("import tensorflow as tf\ny = tf.contrib.layers.layer_norm(x)\n"),
    functions=FUNCTIONS,
    call=check,
)
