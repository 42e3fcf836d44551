"""Finds the predictions in a training graph: what the loss compares with labels or with inputs."""

from __future__ import annotations

from collections.abc import Sequence

from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.structure import Structure

_MOVES = ("Reshape", "Identity", "Squeeze", "ExpandDims")
_COMPARES = (
    *("Sub", "SquaredDifference", "SoftmaxCrossEntropyWithLogits", "Mul"),
    "SparseSoftmaxCrossEntropyWithLogits",
)
# what a program computes of its last layer before it calls the result its predictions
_ACTIVATIONS = (
    *("Tanh", "Sigmoid", "Softmax", "Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign", "Exp"),
    *("LeakyRelu", "Maximum", "Minimum", "Abs", "Sqrt", "Rsqrt", "Square", "SquaredDifference"),
    *("Add", "AddV2", "Sub", "Mul", "RealDiv", "Neg", "Sum", "Mean", "Cast", "BiasAdd"),
    *("StridedSlice", "Slice", "ConcatV2", "Transpose", "Pow", "DepthToSpace", "SpaceToDepth"),
    *("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"),
)
_LOGARITHMS = ("Log", "LogSoftmax")
# what a loss computes of a probability before it takes the logarithm
_BEFORE_LOGARITHMS = ("Maximum", "Minimum", "Add", "AddV2", "Sub", *_MOVES)


def of_label(structure: Structure, inputs: Sequence[str], label: str) -> str | None:
    """Returns the tensor that the loss compares with a label: the last one before the loss.

    It is the input of a cross-entropy, also where the program writes the logarithm out.

    Args:
        structure: the `Structure` of the graph.
        inputs: the tensors that the model takes.
        label: the tensor that only the loss takes.
    """
    passages = structure.passages(inputs, [label])
    first = next(passages, None)
    if first is None:
        return None
    last = before = first
    for name in passages:
        between = structure.descendants([before], structure.forward)
        between &= structure.ancestors([name], control=False)
        between -= {before}
        if any(structure.nodes[each].op in _LOGARITHMS for each in between):
            return in_the_form_of_labels(structure, first, label)
        if not all(_is_output(structure, each) for each in between):
            break
        before = name
        if structure.nodes[name].op not in _MOVES:
            last = name
    mixed = structure.descendants(structure.starts([label]), structure.forward)
    after = structure.descendants([before], structure.forward - mixed)
    if any(structure.nodes[each].op in _LOGARITHMS for each in after):
        last = first
    return in_the_form_of_labels(structure, last, label)


def _is_output(structure: Structure, name: str) -> bool:
    """Returns whether a node may be a part of how a program computes its predictions."""
    op = structure.nodes[name].op
    if op in ("Sum", "Mean"):
        axes = structure.constant(structure.nodes[name].input[1])
        return axes is not None and axes.size > 0 and bool((axes != 0).all())
    return op in (*_ACTIVATIONS, *_MOVES) and not structure.reads_weights(name)


_LAYERS = (
    *("MatMul", "BatchMatMul", "BatchMatMulV2", "Conv1D", "Conv2D", "Conv3D"),
    *("Gather", "GatherV2", "ResourceGather"),
)


def is_label(structure: Structure, tensor: str) -> bool:
    """Returns whether a fed tensor reaches the loss through no layer, be it trained or not.

    After it has met what a layer gives, it may meet a weight of the loss, such as the deviation of
    a policy's actions.

    Args:
        structure: the `Structure` of the graph.
        tensor: a placeholder, or what an iterator gives.
    """
    starts = structure.starts([tensor])
    layers = _layers(structure)
    if layers & structure.descendants(starts, structure.forward):
        return False
    layered = structure.descendants(layers, structure.forward)
    alone = structure.descendants(starts, structure.forward - layered)
    return not any(structure.reads_weights(name) for name in alone)


def _layers(structure: Structure) -> set[str]:
    """Returns the nodes that multiply by weights, or look up in them.

    A weight may be computed of variables: of the parts of one, or of a direction and a length.
    """
    fed = [*(full(name) for name in structure.placeholders), *structure.sources]
    variables = {name for name in structure.forward if structure.variable_of(name)}
    weights = structure.descendants(variables, structure.forward) | variables
    weights -= structure.descendants(structure.starts(fed), structure.forward)
    return {
        name
        for name in structure.forward
        if structure.nodes[name].op in _LAYERS
        and any(each in weights for each in structure.inputs(name))
    }


def of_labels(structure: Structure, labels: Sequence[str]) -> list[str]:
    """Returns the tensors that the loss compares with labels, each once; none if none is found.

    Some labels have none: a reward belongs to the prediction that another label picks.

    Args:
        structure: the `Structure` of the graph.
        labels: the tensors that only the loss takes.
    """
    weighted = _weighted(structure)
    weighted -= structure.descendants(structure.starts(labels), structure.forward)
    fed = [*(full(name) for name in structure.placeholders), *structure.sources]
    inputs = structure.starts([name for name in fed if name not in labels])
    weighted &= structure.descendants(inputs, structure.forward)
    found = []
    for label in labels:
        reached = structure.descendants(structure.starts([label]), structure.forward)
        first = next(
            (
                tensor
                for name in sorted(reached, key=structure.order.__getitem__)
                for tensor in structure.nodes[name].input
                if node_of(tensor) in weighted
            ),
            None,
        )
        if first is not None:
            output = _before_loss(structure, first, weighted)
            found.append(in_the_form_of_labels(structure, output, label))
    return list(dict.fromkeys(found))


def in_the_form_of_labels(structure: Structure, output: str, label: str) -> str:
    """Returns an output in the shape in which the loss compares it with a label as it is fed.

    Args:
        structure: the `Structure` of the graph.
        output: the tensor through which alone weights reach the label.
        label: a tensor that only the loss takes.
    """
    fed, moves = full(label), 0  # the label, and how often it has changed its shape
    while True:
        users = [
            name
            for name in structure.consumers[node_of(fed)]
            if name in structure.forward and fed in _taken(structure, name)
        ]
        for name in users:
            for tensor in _taken(structure, name):
                forms = _forms(structure, tensor, full(output))
                if forms and not _is_open(structure, forms[min(moves, len(forms) - 1)]):
                    return forms[min(moves, len(forms) - 1)]
        moved = [name for name in users if structure.nodes[name].op in _MOVES]
        if not moved:
            moved = [name for name in users if _keeps_shape(structure, name, fed)]
        if len(moved) != 1:
            return full(output)
        moves += structure.nodes[moved[0]].op in _MOVES
        fed = full(moved[0])


def _keeps_shape(structure: Structure, name: str, fed: str) -> bool:
    """Returns whether a node gives labels in their shape, such as those of label smoothing."""
    op, data = structure.nodes[name].op, _taken(structure, name)
    if op in ("Cast", "StopGradient"):
        return True
    others = [each for each in data if each != fed]
    if op not in ("Add", "AddV2", "Sub", "Mul", "RealDiv") or len(others) != 1:
        return False
    return _is_number(structure, others[0])


def _is_number(structure: Structure, tensor: str) -> bool:
    """Returns whether a tensor is computed of single numbers and of sizes alone."""
    value = structure.constant(tensor)
    if value is not None:
        return value.size == 1
    before = _taken(structure, node_of(tensor))
    if structure.nodes[node_of(tensor)].op in ("Shape", "Size", "Rank"):
        return True
    return bool(before) and all(_is_number(structure, each) for each in before)


def _taken(structure: Structure, name: str) -> list[str]:
    """Returns the tensors that a node takes."""
    return [full(each) for each in structure.nodes[name].input if not each.startswith("^")]


def _forms(structure: Structure, tensor: str, output: str) -> list[str]:
    """Returns the forms of an output, from a tensor back to the output; none if it is another."""
    found = [tensor]
    while found[-1] != output:
        node = structure.nodes[node_of(found[-1])]
        if node.op not in _MOVES:
            return []
        found.append(full(node.input[0]))
    return found


def _is_open(structure: Structure, tensor: str) -> bool:
    """Returns whether the shape of a tensor depends on the number of rows: `tf.squeeze` alone."""
    node = structure.nodes[node_of(tensor)]
    return node.op == "Squeeze" and not node.attr["squeeze_dims"].list.i


def of_inputs(structure: Structure, inputs: Sequence[str]) -> list[str]:
    """Returns the tensor that the loss compares with an input, as that of an autoencoder does.

    Args:
        structure: the `Structure` of the graph.
        inputs: the tensors that the model takes.
    """
    weighted = _weighted(structure)
    plain = structure.descendants(structure.starts(inputs), structure.forward) - weighted
    plain |= {node_of(each) for each in inputs}
    found = None
    for name in sorted(structure.forward, key=structure.order.__getitem__):
        node = structure.nodes[name]
        names = [node_of(each) for each in node.input]
        if node.op not in _COMPARES or len(names) != 2 or not any(n in plain for n in names):
            continue
        tensor = next((each for each in node.input if node_of(each) in weighted), None)
        if tensor is not None and _moves_to_scalar(structure, name):
            found = tensor
    return [] if found is None else [_before_loss(structure, found, weighted)]


def _moves_to_scalar(structure: Structure, name: str) -> bool:
    """Returns whether no weight joins between a node and the loss, but for a sum of penalties."""
    reached = structure.descendants([name], structure.forward)
    products = ("MatMul", "Conv2D", "BiasAdd", "Conv3D", "Conv2DBackpropInput")
    return not any(structure.nodes[each].op in products for each in reached)


def _weighted(structure: Structure) -> set[str]:
    """Returns the nodes of the forward pass that depend on a trained variable."""
    return structure.descendants(
        [name for name in structure.forward if structure.reads_weights(name)], structure.forward
    )


def _before_loss(structure: Structure, tensor: str, weighted: set[str]) -> str:
    """Returns the predictions behind what a loss takes: without its logarithm, and its moves."""
    name = _before_moves(structure, tensor, weighted)
    if structure.nodes[node_of(name)].op not in _LOGARITHMS:
        return name
    before = _taken(structure, node_of(name))[0]
    while structure.nodes[node_of(before)].op in _BEFORE_LOGARITHMS:
        of_weights = [
            each for each in _taken(structure, node_of(before)) if node_of(each) in weighted
        ]
        if len(of_weights) != 1:
            break
        before = of_weights[0]
    return before


def _before_moves(structure: Structure, tensor: str, weighted: set[str]) -> str:
    """Returns the tensor that another one has the numbers of, in another shape."""
    name = full(tensor)
    while structure.nodes[node_of(name)].op in _MOVES:
        before = structure.nodes[node_of(name)].input[0]
        if node_of(before) not in weighted or structure.variable_of(node_of(before)):
            break
        name = full(before)
    return name
