"""Finds losses of logits: Keras' losses expect probabilities unless they are told."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, trap

FUNCTIONS = frozenset(
    {
        "tf.nn.softmax_cross_entropy_with_logits",
        "tf.nn.softmax_cross_entropy_with_logits_v2",
        "tf.nn.sparse_softmax_cross_entropy_with_logits",
        "tf.nn.sigmoid_cross_entropy_with_logits",
        "tf.losses.softmax_cross_entropy",
        "tf.losses.sparse_softmax_cross_entropy",
        "tf.losses.sigmoid_cross_entropy",
    }
)


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a loss."""
    if not call.in_tf1_code:
        return
    last = call.name.rpartition(".")[2]
    kind = "BinaryCrossentropy" if "sigmoid" in last else "CategoricalCrossentropy"
    kind = f"Sparse{kind}" if "sparse" in last else kind
    each = call.name.startswith("tf.nn.")
    result = "one loss for each example" if each else "their mean over weights that are not 0"
    reduction = '"none"' if each else '"sum_over_batch_size"'
    yield Advice(
        f"{last} takes logits, and gives {result}; keras.losses.{kind} takes "
        "probabilities by default.",
        f"keras.losses.{kind}(from_logits=True, reduction={reduction})",
    )


RULE = trap(
    code="TFR023",
    name="loss-on-logits",
    difference="logits",
    before=(
        "import tensorflow as tf\n"
        "s = tf.Session()\n"
        "l = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z)\n"
    ),
    after=("import tensorflow as tf\ns = tf.Session()\nl = tf.losses.mean_squared_error(y, z)\n"),
    functions=FUNCTIONS,
    call=check,
)
