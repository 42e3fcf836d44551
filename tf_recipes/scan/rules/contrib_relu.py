"""Finds layers of contrib that are given no activation: TF1 then applies ReLU, Keras nothing."""

from collections.abc import Iterator

from tf_recipes.scan.terms.contrib_functions import LAYERS
from tf_recipes.scan.terms.rule import Advice, Called, trap


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a layer whose activation is left to the default."""
    if not call.lacks("activation_fn"):
        return
    last = call.name.rpartition(".")[2]
    if last == "fully_connected":
        given = f"{call.text('inputs')}, {call.text('num_outputs')}"
        write = f'tf_recipes.fully_connected({given}, activation="relu")'
    else:
        write = (
            f'the layer of Keras with {call.text("num_outputs")} filters, activation="relu" and '
            f"padding={call.text('padding').lower()}"
        )
    yield Advice(
        f"{last} of contrib has activation_fn=tf.nn.relu by default; a layer of Keras has none.",
        write,
    )


RULE = trap(
    code="TFR010",
    name="contrib-relu",
    difference="relu_default",
    before=("import tensorflow as tf\ny = tf.contrib.layers.fully_connected(x, 300)\n"),
    after=(
        "import tensorflow as tf\n"
        "y = tf.contrib.layers.fully_connected(x, 10, activation_fn=None)\n"
    ),
    functions=LAYERS,
    call=check,
)
