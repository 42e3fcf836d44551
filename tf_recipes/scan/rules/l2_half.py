"""Finds penalties with the half that Keras' L2 does not have."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, number, trap

FUNCTIONS = frozenset(
    {"tf.contrib.layers.l2_regularizer", "tf.contrib.layers.l1_l2_regularizer", "tf.nn.l2_loss"}
)


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a penalty."""
    last = call.name.rpartition(".")[2]
    if last == "l2_loss":
        if not call.in_tf1_code:
            return  # in a program of TensorFlow 2 its author means the half
        write = (
            f"keras.ops.sum(keras.ops.square({call.text('t')})) / 2, or "
            "tf_recipes.l2_regularizer(scale) of a layer"
        )
    elif last == "l2_regularizer":
        scale = call.text("scale")
        value = number(call.argument("scale"))
        half = f"{value / 2:g}" if value is not None else f"{scale} / 2"
        write = f"tf_recipes.l2_regularizer({scale}), which is keras.regularizers.L2({half})"
    else:
        write = (
            f"tf_recipes.l1_l2_regularizer(scale_l1={call.text('scale_l1')}, "
            f"scale_l2={call.text('scale_l2')})"
        )
    yield Advice(f"{last} halves the sum of squares; Keras' L2 does not.", write)


RULE = trap(
    code="TFR017",
    name="l2-half",
    difference="l2_half",
    before=("import tensorflow as tf\nr = tf.contrib.layers.l2_regularizer(0.001)\n"),
    after=("import tensorflow as tf\nr = tf.contrib.layers.l1_regularizer(0.001)\n"),
    functions=FUNCTIONS,
    call=check,
)
