"""Keeps nodes that no pattern takes in layers that run them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tf_recipes.convert.lifting.values import Value
from tf_recipes.convert.program.expressions import Layer, Tensor
from tf_recipes.convert.program.tf1_operation import argument_names
from tf_recipes.graph.graph_session import touches
from tf_recipes.graph.nodes import RANDOM

PATH = "tf_recipes.TF1Operation"
_CONTROL = ("Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond")


def lifted(node: Any, lifter: Any) -> list[Value] | None:
    """Returns the outputs of a layer that runs a node, or None for a node that none can run.

    Args:
        node: the node.
        lifter: the `Lifter`, which imports this module.
    """
    operation = lifter.view.imported.get_operation_by_name(node.name)
    definition = operation.op_def
    apart = node.op.removeprefix("Ref") in _CONTROL or "TensorArray" in node.op
    if apart or touches(node.op) or node.op in RANDOM or not hasattr(tf.raw_ops, node.op):
        return None
    names = lifter.view.inputs(node.name)
    arguments: list[Any] = []
    attributes: dict[str, Any] = {}
    for each, called in zip(
        definition.input_arg, argument_names(getattr(tf.raw_ops, node.op)), strict=False
    ):
        if each.type_list_attr:
            return None
        count = int(operation.get_attr(each.number_attr)) if each.number_attr else 1
        taken, names = names[:count], names[count:]
        values = [lifter.argument(name) for name in taken]
        if any(value is None for value in values):
            return None
        if each.number_attr:
            arguments.append([lifter.as_tensor(lifter.value(name), name) for name in taken])
        elif isinstance(values[0], bool | int | float | np.generic):
            attributes[called] = np.asarray(values[0]).item()  # Keras takes no numbers here
        else:
            arguments.append(values[0])
    inferred = {a for each in definition.input_arg for a in (each.type_attr, each.number_attr)}
    for each in definition.attr:
        if each.name in inferred or each.name.startswith("_"):
            continue
        value = _plain(operation.get_attr(each.name))
        if value is _NOT_PLAIN:
            return None
        attributes[each.name] = value
    if not any(isinstance(each, Tensor) for each in _flat(arguments)):
        return None
    outputs = lifter.view.outputs_of(node.name)
    shapes = [lifter.view.shape(each) for each in outputs]
    dtypes = [lifter.view.dtype(each) for each in outputs]
    layer = Layer(PATH, (node.op, attributes), (), (), node.name)
    step = lifter.program.add(
        layer, arguments, {}, shapes, dtypes, [node.name], node.name, sequence=len(outputs) > 1
    )
    return [Tensor(step, k) for k in range(len(outputs))]


_NOT_PLAIN = object()


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return value.decode("utf-8", "replace")
        case bool() | int() | float() | str():
            return value
        case tf.DType():
            return value.base_dtype.name
        case list():
            found = [_plain(each) for each in value]
            return _NOT_PLAIN if any(each is _NOT_PLAIN for each in found) else found
    return _NOT_PLAIN


def _flat(values: list[Any]) -> list[Any]:
    return [each for value in values for each in (value if isinstance(value, list) else [value])]
