"""Lifts the cross entropies of TF1's kernels, which losses are made of."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Unknown, Value

_FUNCTIONS = {
    "SparseSoftmaxCrossEntropyWithLogits": "sparse_categorical_crossentropy",
    "SoftmaxCrossEntropyWithLogits": "categorical_crossentropy",
}


def cross_entropy(node: Any, lifter: Lifter) -> list[Value] | None:
    """Lifts the cross entropy of each row; the kernel's second output is a gradient."""
    logits, labels = (lifter.tensor(each) for each in lifter.view.inputs(node.name)[:2])
    if logits is None or labels is None:
        return None
    function = f"keras.losses.{_FUNCTIONS[node.op]}"
    loss = lifter.operation(node, function, labels, logits, from_logits=True)
    return [loss, Unknown(node.name, node.op, "has a gradient as its second output")]


PATTERNS = (
    Pattern(
        "cross entropy",
        tuple(_FUNCTIONS),
        cross_entropy,
        "keras.losses.…_crossentropy(…, from_logits=True)",
    ),
)
