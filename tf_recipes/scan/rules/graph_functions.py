"""Finds functions that live, and that fail or do nothing where there is no graph."""

from collections.abc import Iterator

from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Called, Rule

GRADIENTS = ("tf.gradients", "tf.hessians")
# function of tf.summary -> its argument with the values in TF1
SUMMARIES = {
    "tf.summary.audio": "tensor",
    "tf.summary.histogram": "values",
    "tf.summary.image": "tensor",
    "tf.summary.scalar": "tensor",
    "tf.summary.text": "tensor",
}


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a call in TF1's code."""
    if not call.in_tf1_code or call.is_compat or call.argument("step") is not None:
        return
    if call.name in GRADIENTS:
        sources = call.text("xs", 1)
        yield Advice(
            f"{call.name} raises an error without a graph.",
            f"tape.gradient({call.text('ys', 0)}, {sources}) of a tf.GradientTape, under which "
            "the function is computed",
            "recipes/gradient_clipping.md",
        )
        return
    values = call.text(SUMMARIES[call.name], 1)
    yield Advice(
        f"{call.name} of TensorFlow 2 writes nothing without a writer and a step.",
        f"{call.name}({call.text('name', 0)}, {values}, step=step) under "
        "tf.summary.create_file_writer(folder).as_default(); keras.callbacks.TensorBoard writes "
        "losses and metrics by itself",
        "diagnosis.md",
    )


RULE = Rule(
    code="TFR006",
    name="graph-function",
    severity=VANISHED,
    page="sessions.md",
    summary="A function that lives, and fails or does nothing where there is no graph.",
    before=("import tensorflow as tf\ns = tf.Session()\ng = tf.gradients(loss, weights)\n"),
    after=(
        "import tensorflow as tf\n"
        "with tf.GradientTape() as tape:\n"
        "    loss = compute(weights)\n"
        "g = tape.gradient(loss, weights)\n"
    ),
    functions=frozenset([*GRADIENTS, *SUMMARIES]),
    call=check,
)
