"""Lifts activations: into the layer before them where it has none, else to a function."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value

# TF1's operation -> the name of the activation of Keras with the same numbers
NAMES = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Elu": "elu",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
}


def activation(node: Any, lifter: Lifter) -> Value | None:
    """Lifts an activation."""
    return applied(node, lifter, node.input[0], NAMES[node.op])


def applied(node: Any, lifter: Lifter, taken: str, name: str) -> Value | None:
    """Returns an activation of a tensor, as part of the layer before it where that is the same.

    Args:
        node: the node that gives the result.
        lifter: the lifter.
        taken: the tensor of the graph that the activation is applied to.
        name: the name of the activation in Keras.
    """
    value = lifter.argument(taken)
    if value is None:
        return None
    tensor = lifter.tensor(taken)
    layer = tensor.step.layer if tensor is not None else None
    alone = lifter.view.uses(taken) == 1
    if tensor is not None and layer is not None and takes_activation(layer) and alone:
        return lifter.replaced(tensor.step, node, layer.with_activation(name))
    return lifter.operation(node, f"keras.activations.{name}", value)


def takes_activation(layer: Any) -> bool:
    """Returns whether a layer has an argument `activation`, and none is given."""
    return layer.path in _WITH_ACTIVATION and layer.keyword("activation") is None


_WITH_ACTIVATION = (
    "keras.layers.Dense",
    *(f"keras.layers.Conv{rank}D" for rank in (1, 2, 3)),
    *(f"keras.layers.Conv{rank}DTranspose" for rank in (1, 2, 3)),
    "keras.layers.DepthwiseConv2D",
    "keras.layers.SeparableConv2D",
)


PATTERNS = (Pattern("activation", tuple(NAMES), activation, 'activation="…", keras.activations.…'),)
