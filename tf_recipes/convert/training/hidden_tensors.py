"""Finds what a loss takes from inside a model, besides its predictions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tf_recipes.graph.nodes import SIZES, full, node_of
from tf_recipes.graph.structure import Structure

# operations that a loss does to what it takes; the tensor before them is that of a layer
_PRODUCTS = ("MatMul", "Conv1D", "Conv2D", "Conv3D", "Conv2DBackpropInput")
_SUMS = ("Add", "AddV2", "AddN", "Sub")
_OF_LOSSES = (
    *("Max", "Min", "Sum", "Mean", "Square", "Abs", "Neg", "Log", "Mul", "RealDiv", "Div"),
    *("Sub", "Add", "AddV2", "StopGradient", "Identity", "Reshape", "Squeeze", "Cast", "ArgMax"),
    *("Pow", "Sqrt", "L2Loss", "ExpandDims", "Prod", "Maximum", "Minimum", "SquaredDifference"),
    *("OneHot", "GatherNd", "Select", "SelectV2", "Exp", "Log1p", "StridedSlice"),
    *("Greater", "GreaterEqual", "Less", "LessEqual", "ZerosLike", "OnesLike"),
)


def find(structure: Structure, outputs: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Returns the tensors that a model must give besides its outputs, so that its loss has them.

    Such are the values of a second net that a loss compares with those of the first, hidden
    units that a loss keeps small, or a weight that the loss alone takes, such as the deviation of
    a policy's actions.

    Args:
        structure: the `Structure` of the graph.
        outputs: the tensors of the predictions.
        labels: the tensors that only the loss takes.
    """
    within = _needed(structure, outputs)
    within -= {name for name in within if structure.nodes[name].op in SIZES}
    fed = {n for n in within if n in structure.placeholders} | {
        node_of(each) for each in structure.sources
    }
    of_labels = {node_of(each) for each in labels}
    of_fed = structure.descendants(fed - of_labels, within) | fed
    readers = {name for name in within if any(_behind(structure, name))}
    of_weights = (structure.descendants(readers, within) | readers) - of_fed
    # a layer joins weights and what is fed; a sum of a loss and penalties is none
    layers = {
        name
        for name in within & of_fed
        if structure.nodes[name].op not in _SUMS
        and (name in readers or of_weights.intersection(structure.inputs(name)))
    }
    # a second net takes the outputs, such as a discriminator those of a generator
    after = structure.descendants([node_of(each) for each in outputs], within)
    layers |= {n for n in after & readers if structure.nodes[n].op in _PRODUCTS}
    inside = structure.descendants(layers, within) | layers
    inside -= structure.descendants(of_labels, within) | of_labels
    loss = node_of(structure.loss)
    edge = {
        tensor
        for name in within - inside
        for tensor in _data(structure, name)
        if node_of(tensor) in inside
    }
    if loss in inside:
        edge.add(structure.loss)
    found = [
        each
        for tensor in sorted(edge, key=lambda each: structure.order[node_of(each)])
        for each in _before(structure, tensor, inside)
    ]
    given = list(map(full, outputs))
    found = [each for each in dict.fromkeys(found) if each not in given]
    return found + (weights_of_the_loss(structure, given + found) if outputs else [])


def weights_of_the_loss(structure: Structure, outputs: Sequence[str]) -> list[str]:
    """Returns the values of trained variables that the loss takes, and no output of the model.

    Args:
        structure: the `Structure` of the graph.
        outputs: the tensors that a model gives.
    """
    of_outputs = structure.ancestors([node_of(each) for each in outputs], control=False)
    needed = _needed(structure, outputs)
    found = []
    for variable in structure.trainable:
        if variable not in of_outputs:
            found += [each for each in reads(structure, variable) if node_of(each) in needed][:1]
    return found


def reads(structure: Structure, variable: str) -> list[str]:
    """Returns the tensors with the value of a variable, in the graph's order.

    Args:
        structure: the `Structure` of the graph.
        variable: the name of the variable.
    """
    kinds = ("Identity", "ReadVariableOp")
    takers = [each for each in structure.consumers[variable] if structure.nodes[each].op in kinds]
    return [full(each) for each in sorted(takers, key=structure.order.__getitem__)]


def taken(structure: Structure, outputs: Sequence[str]) -> list[str]:
    """Returns those of the outputs that the loss takes, and not by another of them alone.

    Args:
        structure: the `Structure` of the graph.
        outputs: the tensors that a model gives.
    """
    used = {tensor for name in _needed(structure, outputs) for tensor in _data(structure, name)}
    return [each for each in outputs if full(each) in used]


def _needed(structure: Structure, outputs: Sequence[str]) -> set[str]:
    """Returns the nodes that the loss needs, beside those that the outputs alone bring."""
    given = set(map(full, outputs))
    found: set[str] = set()
    waiting = [structure.loss]
    while waiting:
        tensor = waiting.pop()
        name = node_of(tensor)
        if tensor in given or name in found:
            continue
        found.add(name)
        waiting += _data(structure, name)
    return found


def _data(structure: Structure, name: str) -> list[str]:
    return [full(each) for each in structure.nodes[name].input if not each.startswith("^")]


def _behind(structure: Structure, name: str) -> Iterator[str]:
    """Yields the variables with more than one number that a node takes directly."""
    for each in structure.inputs(name):
        for variable in structure.values_of(each):
            if structure.nodes[variable].attr["shape"].shape.dim:
                yield variable


def _before(structure: Structure, tensor: str, inside: Collection[str]) -> list[str]:
    """Returns the tensors of layers that a tensor is made of by what losses do."""
    name = node_of(tensor)
    taken = [each for each in _data(structure, name) if node_of(each) in inside]
    normalized = any(structure.nodes[node_of(each)].op == "Rsqrt" for each in taken)
    biased = structure.nodes[name].op in _SUMS and any(_behind(structure, name))
    if structure.nodes[name].op not in _OF_LOSSES or not taken or normalized or biased:
        return [full(tensor)]
    return [found for each in taken for found in _before(structure, each, inside)]
