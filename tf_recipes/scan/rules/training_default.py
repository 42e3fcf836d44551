"""Finds layers that TF1 runs as in evaluation because `training` is left out."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, trap

FUNCTIONS = frozenset({"tf.layers.dropout", "tf.layers.batch_normalization"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a call without `training`."""
    if call.lacks("training"):
        last = call.name.rpartition(".")[2]
        does = "dropped nothing" if last == "dropout" else "used the moving averages"
        yield Advice(
            f"tf.layers.{last} has training=False by default: TF1 {does}, even in training. "
            "A layer of Keras in fit does not.",
            "the layer of Keras called with training=False, if TF1's numbers are wanted",
        )


RULE = trap(
    code="TFR016",
    name="training-default",
    difference="training_default",
    before=("import tensorflow as tf\ny = tf.layers.dropout(x, 0.4)\n"),
    after=("import tensorflow as tf\ny = tf.layers.dropout(x, 0.4, training=is_training)\n"),
    functions=FUNCTIONS,
    call=check,
)
