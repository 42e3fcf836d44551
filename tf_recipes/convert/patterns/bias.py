"""Lifts the addition of a bias to the product of a dense or convolutional layer."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value, Weight
from tf_recipes.convert.patterns import _layout
from tf_recipes.convert.program.expressions import Layer, Origin, Tensor, Transform


def bias_of_layer(node: Any, lifter: Lifter) -> Value | None:
    """Returns the layer with its bias, where a variable is added to the product of a layer."""
    first, second = lifter.view.inputs(node.name)[:2]
    found = _joined(node, lifter, first, second)
    if found is None and node.op != "BiasAdd":
        found = _joined(node, lifter, second, first)
    return found


def _joined(node: Any, lifter: Lifter, product: str, added: str) -> Tensor | None:
    tensor, bias = lifter.tensor(product), lifter.weight(added)
    turned = None
    if lifter.view.attribute(node.name, "data_format") == "NCHW":
        turned = _layout.last(tensor)
        tensor = turned or tensor
    if tensor is None or bias is None or not _takes_bias(tensor, bias):
        return None
    if lifter.view.uses(product) != 1:
        return None
    layer = tensor.step.layer
    assert layer is not None  # as _takes_bias says
    result = lifter.replaced(tensor.step, node, with_bias(layer, bias), tensor.shape)
    return result if turned is None else _layout.to_first(node, lifter, result)


def with_bias(layer: Layer, bias: Weight) -> Layer:
    """Returns a layer without a bias with one; TF1's may have axes of size 1 before its last."""
    keywords = {name: value for name, value in layer.keywords if name != "use_bias"}
    flat = (("shape", bias.shape[-1:]),)
    transform = Transform("reshape", flat) if len(bias.shape) > 1 else None
    return layer.with_only(keywords, (*layer.weights, ("bias", Origin((bias.name,), transform))))


def _takes_bias(tensor: Tensor, bias: Weight) -> bool:
    layer, shape = tensor.step.layer, tensor.shape
    if layer is None or layer.keyword("use_bias") is not False or shape is None:
        return False
    if not bias.shape or len(bias.shape) > len(shape) or set(bias.shape[:-1]) - {1}:
        return False
    return shape[-1] in (None, bias.shape[-1])


def bias_add(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the addition of a bias to anything else."""
    value, bias = (lifter.argument(each) for each in lifter.view.inputs(node.name))
    if value is None or bias is None:
        return None
    rank = lifter.view.rank(node.input[0])
    if lifter.view.attribute(node.name, "data_format") == "NCHW" and rank and rank > 2:
        shape = (-1, *(1 for _ in range(rank - 2)))
        size = lifter.view.shape(node.input[1])
        bias = lifter.derived(
            node, "keras.ops.reshape", bias, shape, shape=(size[0], *shape[1:]) if size else None
        )
        # Keras 3.15 could take the bias for one along the last axis if it came second
        return lifter.operation(node, "+", bias, value)
    return lifter.operation(node, "+", value, bias)


PATTERNS = (
    Pattern(
        "bias of a layer",
        ("BiasAdd", "BiasAddV1", "Add", "AddV2"),
        bias_of_layer,
        "use_bias of the layer",
        order=20,
    ),
    Pattern("bias", ("BiasAdd", "BiasAddV1"), bias_add, "… + …"),
)
