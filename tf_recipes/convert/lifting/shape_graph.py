"""Changes a TF1 graph so that TensorFlow infers more shapes of its tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tf_recipes.graph.nodes import node_of

# TensorFlow forgets shapes where a loop begins. A loop gives tensors of the shape it begins with.
_OF_LOOPS = ("Enter", "RefEnter", "Exit", "RefExit")


def of(definition: Any, shapes: Mapping[str, Sequence[int | None]]) -> Any:
    """Returns a graph with the same tensors, of which only shapes and constants are asked.

    Args:
        definition: a `GraphDef`.
        shapes: `{tensor: shape}`, for placeholders whose shape the graph does not hold.
    """
    changed = tf.compat.v1.GraphDef()
    changed.CopyFrom(definition)
    nodes = {node.name: node for node in changed.node}
    for node in changed.node:
        inputs = [each for each in node.input if not each.startswith("^")]
        del node.input[:]
        node.input.extend(inputs)  # constants that hang on a loop are computed without it
        if node.op in _OF_LOOPS and node.attr["T"].type != tf.resource.as_datatype_enum:
            _passing(node, node.attr["T"].type)
        elif node.op == "Merge" and any(nodes[node_of(e)].op == "NextIteration" for e in inputs):
            begin = next(e for e in inputs if nodes[node_of(e)].op != "NextIteration")
            del node.input[:]
            node.input.append(begin)
            node.attr["N"].i = 1
        elif node.op == "TensorArraySizeV3" and nodes[node_of(inputs[0])].op == "TensorArrayV3":
            size = nodes[node_of(inputs[0])].input[0]
            del node.input[:]
            node.input.append(size)
            _passing(node, tf.int32.as_datatype_enum)
        elif node.op in ("Placeholder", "PlaceholderV2") and _is_open(node):
            shape = shapes.get(f"{node.name}:0")
            if shape:
                node.attr["shape"].shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return changed


def _passing(node: Any, dtype: int) -> None:
    """Makes a node give its input."""
    node.op = "Identity"
    node.attr.clear()
    node.attr["T"].type = dtype


def _is_open(node: Any) -> bool:
    """Returns whether a placeholder has no shape; the first versions of TF1 write a scalar's."""
    shape = node.attr["shape"].shape
    return shape.unknown_rank or not shape.dim
