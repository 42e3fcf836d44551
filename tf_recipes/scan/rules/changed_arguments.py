"""Finds calls with arguments that a function of the same name no longer has, or has elsewhere."""

import functools
from collections.abc import Iterator

from tf_recipes.knowledge import signatures
from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Called, Rule

# TF1's argument -> the argument of TensorFlow 2 with the same meaning
RENAMED = {
    "keep_dims": "keepdims",
    "reduction_indices": "axis",
    "dimension": "axis",
    "squeeze_dims": "axis",
    "concat_dim": "axis",
    "dim": "axis",
    "seq_dim": "seq_axis",
    "batch_dim": "batch_axis",
    "fn1": "true_fn",
    "fn2": "false_fn",
    "colocate_gradients_with_ops": "",
    "name": "name",
}
OWN_RULE = ("tf.nn.dropout",)


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on arguments that are gone, and on positions that mean something else."""
    before, now = _plain(call.name)
    for name in call.names():
        if name in before and name not in now:
            new = RENAMED.get(name, "")
            given = call.text(name)
            write = f"{call.name}(..., {new}={given})" if new in now else f"leave {name} out"
            yield Advice(f"{call.name} of TensorFlow 2 has no argument {name}.", write)
    if not call.in_tf1_code or call.name in OWN_RULE:
        return
    for position in range(min(call.positional(), len(before))):
        new = now[position] if position < len(now) else "none"
        moved = new == "none" or new in before or before[position] in now
        if moved and before[position] != new and RENAMED.get(before[position]) != new:
            yield Advice(
                f"Argument {position + 1} of {call.name} was {before[position]}; now it is {new}.",
                f"{call.name}(..., {RENAMED.get(before[position], before[position])}="
                f"{call.text(before[position], position)})",
            )
            return


@functools.cache
def _plain(name: str) -> tuple[list[str], list[str]]:
    """Returns the arguments of TF1 and of TensorFlow 2, without stars."""
    before, now = signatures.changed()[name]
    return [each.lstrip("*") for each in before], [each.lstrip("*") for each in now]


RULE = Rule(
    code="TFR003",
    name="changed-argument",
    severity=VANISHED,
    page="names.md",
    summary="An argument that TensorFlow 2's function of the same name lacks, or has elsewhere.",
    before="import tensorflow as tf\ny = tf.reduce_mean([[1.0]], 1, keep_dims=True)\n",
    after="import tensorflow as tf\ny = tf.reduce_mean([[1.0]], 1, keepdims=True)\n",
    functions=frozenset(signatures.changed()),
    call=check,
)
