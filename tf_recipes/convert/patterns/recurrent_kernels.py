"""Lifts the kernel that computes an LSTM for whole series: to an LSTM layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Dimension, Unknown, Value
from tf_recipes.convert.patterns import _recurrent, _sequences
from tf_recipes.convert.patterns.shapes import sizes
from tf_recipes.convert.recurrent.kernels import lstm_series


def block_lstm(node: Any, lifter: Lifter) -> Sequence[Value] | None:
    """Lifts an LSTM of series with time first, of which the outputs are used.

    The kernel also gives its gates and its memory at each time, which no layer of Keras gives.
    """
    view = lifter.view
    cell = lstm_series(view, node.name)
    series = lifter.tensor(node.input[1])
    count = sizes(node.input[0], lifter)
    if cell is None or series is None or series.shape is None or count is None:
        return None
    time = series.shape[0]
    if list(count[0]) not in ([time], [Dimension(series, 0)]):
        return None
    first = _recurrent.initial_state(lifter, [cell.state, cell.memory])
    if first is None or cell.state is None:
        return None
    by_rows = _sequences.transposed(node, lifter, series, (1, 0, 2))
    given = [(each, by_rows) for each in cell.inputs(cell.state)]
    made = _recurrent.add_layer(
        node, lifter, cell, cell.state, given, first, None, (True, False, False)
    )
    assert made.sequence is not None  # it is wanted
    outputs = _sequences.transposed(node, lifter, made.sequence, (1, 0, 2))
    reason = "has gates or a memory that Keras keeps inside of the layer"
    return [
        outputs if each == cell.root else Unknown(node.name, node.op, reason)
        for each in view.outputs_of(node.name)
    ]


PATTERNS = (
    Pattern("LSTM in one kernel", ("BlockLSTM",), block_lstm, "keras.layers.LSTM(…)", order=20),
)
