"""Makes updates wait for all gradients of a step, where a graph leaves their order open."""

from __future__ import annotations

from typing import Any

from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.training_step import WRITES

GATE = "tf_recipes_gradient_gate"


def close(definition: Any, structure: Structure) -> None:
    """Makes the updates of a step wait until the gradients of the same step are computed.

    Two calls of `minimize` in a `tf.group`, and `tf.gradients` with `apply_gradients`, leave open
    whether a gradient is computed before or after another variable is updated. TensorFlow may do
    either, in each run anew. Here all are computed before, which every such program permits.
    What needs an update, or lies inside a loop or a branch, is left as it is.

    Args:
        definition: a `GraphDef` with the nodes of a step; a node and control inputs are added.
        structure: the `Structure` of the step's graph.
    """
    inside = structure.in_loops | structure.in_branches
    trainable = set(structure.trainable)
    written = {
        name
        for name in structure.step
        if WRITES.match(structure.nodes[name].op)
        and structure.variable_of(next(structure.inputs(name))) in trainable
    }
    updates = sorted(({each.name for each in structure.updates} | written) - inside)
    gradients = {
        node_of(each.tensors["gradient"])
        for each in structure.updates
        if "gradient" in each.tensors
    }
    first = [
        name
        for name in sorted(gradients - inside)
        if not structure.ancestors([name]).intersection(updates)
    ]
    nodes = {node.name: node for node in definition.node}
    waiting = [nodes[name] for name in updates if name in nodes]
    if len(waiting) < 2 or not first or GATE in nodes or not nodes.keys() >= set(first):
        return
    definition.node.add(name=GATE, op="NoOp", input=[f"^{name}" for name in first])
    for node in waiting:
        node.input.append(f"^{GATE}")
