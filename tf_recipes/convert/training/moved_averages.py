"""Tells from a checkpoint whether a program moved the averages of batch norm beside its step."""

from __future__ import annotations

import numpy as np

from tf_recipes.convert.training.graph_probe import first_value
from tf_recipes.graph import checkpoint_values
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import WRITES, Structure

COLLECTION = "update_ops"


def updates(structure: Structure, prefix: str) -> list[str]:
    """Returns the operations of `update_ops` that the program ran with each step.

    The step does not run them, and the program may have run both at once, as in
    `session.run([train_op, update_ops])`. Then the averages are no longer what they began with.

    Args:
        structure: the `Structure` of the graph.
        prefix: the path of the variables' files.
    """
    noted = [node_of(each) for each in structure.graph.collections.get(COLLECTION, ())]
    apart = [name for name in noted if name in structure.nodes and name not in structure.step]
    written = {}
    for name in apart:
        for each in structure.ancestors([name]):
            if WRITES.match(structure.nodes[each].op):
                variable = structure.variable_of(next(structure.inputs(each)))
                if variable is not None:
                    written[variable] = structure.nodes[variable].attr["shape"].shape
    shapes = {n: tuple(int(dim.size) for dim in shape.dim) for n, shape in written.items()}
    if not shapes or not checkpoint_values.holds(prefix, structure.graph, shapes):
        return []
    values = checkpoint_values.read(prefix, structure.graph, shapes)
    for name in shapes:
        first = first_value(structure, name)
        if first is None or np.array_equal(first, values[name]):
            return []
    return apart
