"""Finds recurrent layers of TF1's Keras, whose gates Keras 3 computes in another way."""

import ast
from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, trap

_GRUS = {"tf.keras.layers.GRU": 22, "tf.keras.layers.GRUCell": 16}  # the place of reset_after
FUNCTIONS = frozenset(
    ["tf.keras.layers.ConvLSTM2D", "tf.keras.layers.LSTM", "tf.keras.layers.LSTMCell", *_GRUS]
)
_GATE = "recurrent_activation=lambda x: keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)"


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on gates whose function, or whose order, is left to TF1's default."""
    if not call.in_tf1_code:
        return
    # behind the units and the activation; ConvLSTM2D has its shape before them
    given = call.argument("recurrent_activation", 7 if "Conv" in call.name else 2)
    is_hard = isinstance(given, ast.Constant) and given.value == "hard_sigmoid"
    words, write = [], []
    if is_hard or (given is None and not call.unsure):
        words.append("the gates clip 0.2 x + 0.5, and Keras 3 has sigmoid, or clips x / 6 + 0.5")
        write.append(_GATE)
    if call.name in _GRUS and call.lacks("reset_after", _GRUS[call.name]):
        words.append("reset_after is False by default, and True in Keras 3")
        write.append("reset_after=False")
    if words:
        last = call.name.rpartition(".")[2]
        yield Advice(
            f"{last} of TF1's Keras computes another thing: {'; '.join(words)}.",
            f"keras.layers.{last}(..., {', '.join(write)})",
        )


RULE = trap(
    code="TFR031",
    name="keras-gates",
    difference="keras_gates",
    before=("import tensorflow as tf\ns = tf.Session()\ny = tf.keras.layers.LSTM(3)(x)\n"),
    after=(
        "import tensorflow as tf\n"
        "s = tf.Session()\n"
        "y = tf.keras.layers.LSTM(3, recurrent_activation='sigmoid')(x)\n"
    ),
    functions=FUNCTIONS,
    call=check,
)
