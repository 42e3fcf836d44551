"""Finds look-ups in several tables: TF1 deals the rows out in turn, TensorFlow 2 in blocks."""

import ast
from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, source, trap

FUNCTIONS = frozenset({"tf.nn.embedding_lookup", "tf.nn.embedding_lookup_sparse"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a list of tables without a strategy, or with TF1's."""
    if not call.in_tf1_code or call.is_compat or call.unsure:
        return
    tables = call.argument("params", 0)
    place = 3 if call.name.endswith("_sparse") else 2
    strategy = call.argument("partition_strategy", place)
    is_mod = strategy is None or (isinstance(strategy, ast.Constant) and strategy.value == "mod")
    if is_mod and isinstance(tables, ast.List | ast.Tuple) and len(tables.elts) > 1:
        yield Advice(
            f"{call.name} of TensorFlow 1 deals the rows to the tables in turn; that of "
            "TensorFlow 2 gives each table a block of rows.",
            "keras.ops.take of one table, for tables of the same shape: "
            f"keras.ops.reshape(keras.ops.stack({source(tables)}, axis=1), [-1, width])",
        )


RULE = trap(
    code="TFR032",
    name="divided-table",
    difference="divided_table",
    before=(
        "import tensorflow as tf\ns = tf.Session()\ny = tf.nn.embedding_lookup([a, b], rows)\n"
    ),
    after=("import tensorflow as tf\ns = tf.Session()\ny = tf.nn.embedding_lookup(a, rows)\n"),
    functions=FUNCTIONS,
    call=check,
)
