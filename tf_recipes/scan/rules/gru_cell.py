"""Finds GRU cells, which TF1 and Keras compute in different ways."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, trap

FUNCTIONS = frozenset({"tf.nn.rnn_cell.GRUCell"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a cell."""
    yield Advice(
        "TF1's GRUCell applies the reset gate before the product, its gates' biases "
        "start at 1, and "
        "Glorot's uniform draws one matrix; Keras' GRU has reset_after=True, zeros "
        "and 'orthogonal'.",
        f"keras.layers.GRU({call.text('num_units')}, reset_after=False), with biases "
        "of ones for the "
        "gates and recurrent_initializer='glorot_uniform'",
    )


RULE = trap(
    code="TFR022",
    name="gru-cell",
    difference="gru_reset",
    before=("import tensorflow as tf\ncell = tf.nn.rnn_cell.GRUCell(128)\n"),
    after=("import tensorflow as tf\ncell = tf.nn.rnn_cell.BasicRNNCell(128)\n"),
    functions=FUNCTIONS,
    call=check,
)
