"""Lifts activations: into the layer before them where it has none, else to a function."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value
from tf_recipes.convert.patterns import _layout, shapes
from tf_recipes.convert.program.expressions import Tensor

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
    if node.op in ("Softmax", "LogSoftmax"):
        flat = _over_last_axis(node, lifter)
        if flat is not None:
            return flat
    return applied(node, lifter, node.input[0], NAMES[node.op])


def applied(
    node: Any, lifter: Lifter, taken: str, name: str, alone: bool | None = None
) -> Value | None:
    """Returns an activation of a tensor, as part of the layer before it where that is the same.

    Args:
        node: the node that gives the result.
        lifter: the lifter.
        taken: the tensor of the graph that the activation is applied to.
        name: the name of the activation in Keras.
        alone: whether nothing else takes that tensor; None to find it.
    """
    value = lifter.argument(taken)
    if value is None:
        return None
    tensor = lifter.tensor(taken)
    if alone is None:
        alone = lifter.view.uses(taken) == 1
    if tensor is None:
        return lifter.operation(node, f"keras.activations.{name}", value)
    turned = _layout.last(tensor) if "softmax" not in name else None
    result = _applied(node, lifter, tensor if turned is None else turned, name, alone)
    return result if turned is None else _layout.to_first(node, lifter, result)


def _applied(node: Any, lifter: Lifter, tensor: Tensor, name: str, alone: bool) -> Tensor:
    layer, shape = tensor.step.layer, tensor.shape
    if layer is not None and takes_activation(layer) and alone:
        return lifter.replaced(tensor.step, node, layer.with_activation(name), shape)
    if name in _LAYERS_ALONE:
        return lifter.layer(
            node, "keras.layers.Activation", tensor, [name], scope=name, shape=shape
        )
    return lifter.derived(node, f"keras.activations.{name}", tensor, shape=shape)


def _over_last_axis(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a softmax of what was made flat for it: the softmax of the tensor itself, made flat."""
    tensor = lifter.tensor(node.input[0])
    source = shapes.before_reshape(tensor) if tensor is not None else None
    if tensor is None or source is None or not source.shape or not tensor.shape:
        return None
    if len(tensor.shape) != 2 or source.shape[-1] is None or source.shape[-1] != tensor.shape[-1]:
        return None
    function = f"keras.activations.{NAMES[node.op]}"
    result = lifter.derived(node, function, source, shape=source.shape)
    shape = (-1, tensor.shape[-1])
    return lifter.derived(node, "keras.ops.reshape", result, shape, shape=tensor.shape)


def takes_activation(layer: Any) -> bool:
    """Returns whether a layer has an argument `activation`, and none is given."""
    return layer.path in _WITH_ACTIVATION and layer.keyword("activation") is None


# functions that Keras 3.15 does not compute of a symbolic tensor
_LAYERS_ALONE = ("mish", "hard_silu")
_WITH_ACTIVATION = (
    "keras.layers.Dense",
    *(f"keras.layers.Conv{rank}D" for rank in (1, 2, 3)),
    *(f"keras.layers.Conv{rank}DTranspose" for rank in (1, 2, 3)),
    "keras.layers.DepthwiseConv2D",
    "keras.layers.SeparableConv2D",
)


PATTERNS = (Pattern("activation", tuple(NAMES), activation, 'activation="…", keras.activations.…'),)
