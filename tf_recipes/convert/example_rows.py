"""Makes rows to compare a model with its graph on, for those who pass none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.training import hidden_tensors
from tf_recipes.convert.training.label_forms import SPARSE, counts_classes, like_output
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.structure import Structure

ROWS = 64
UNKNOWN = 8  # entries of an axis whose size the graph does not say
FEW = 2  # a number below this fits almost every use of whole numbers
_LOOKUPS = ("Gather", "GatherV2", "ResourceGather")
# the operations of losses that say what their labels are
_ONE_HOT = ("SoftmaxCrossEntropyWithLogits", "Log", "LogSoftmax")


def of_inputs(
    view: GraphView, inputs: Sequence[str], seed: int = 0, positive: bool = False
) -> dict[str, NDArray[Any]]:
    """Returns `{tensor: array (rows, …)}` for the inputs of a model.

    Numbers come from a normal distribution, whole numbers from the rows of the table that they
    look up.

    Args:
        view: the graph.
        inputs: names of the tensors.
        seed: the seed of the numbers.
        positive: True for numbers above 0, as a logarithm, or a mean over the length of a series,
            needs them.
    """
    random = np.random.RandomState(seed)
    found = {}
    for name in inputs:
        tensor = full(name)
        shape = view.shape(tensor) or ()
        sizes = _sizes(shape)
        dtype = np.dtype(view.dtype(tensor))
        if dtype.kind == "f":
            numbers = random.standard_normal(sizes)
            found[tensor] = (np.abs(numbers) + 0.1 if positive else numbers).astype(dtype)
        elif dtype.kind == "b":
            found[tensor] = random.randint(2, size=sizes).astype(bool)
        else:
            below, first = _below(view, tensor), int(positive)
            found[tensor] = random.randint(first, max(below, first + 1), size=sizes).astype(dtype)
    return found


def _sizes(shape: Sequence[int | None]) -> tuple[int, ...]:
    if not shape:
        return ()
    first = ROWS if shape[0] is None else shape[0]
    return (first, *(UNKNOWN if size is None else size for size in shape[1:]))


def _below(view: GraphView, tensor: str) -> int:
    """Returns the number below which the whole numbers of a tensor must be."""
    waiting, seen, found = [tensor], set(), []
    while waiting:
        name = waiting.pop()
        for user in view.consumers.get(name, []):
            inputs = view.inputs(user)
            if user in seen:
                continue
            seen.add(user)
            op = view.op(user)
            if op in _LOOKUPS and name in inputs[1:2]:
                shape = view.shape(view.behind(inputs[0]))
                if op == "ResourceGather":
                    dims = view.node(view.behind(inputs[0])).attr["shape"].shape.dim
                    shape = tuple(int(each.size) for each in dims)
                found.append(shape[0] if shape and shape[0] else FEW)
            elif op == "OneHot":
                depth = view.constant(inputs[1])
                found.append(int(depth) if depth is not None else FEW)
            elif view.dtype(f"{user}:0").startswith(("int", "uint")):
                waiting.append(f"{user}:0")
    return min(found, default=FEW)


def of_labels(
    structure: Structure,
    view: GraphView,
    labels: Iterable[str],
    shapes: dict[str, tuple[tuple[int | None, ...] | None, str]],
    rows: int,
    seed: int = 1,
) -> dict[str, NDArray[Any]]:
    """Returns `{tensor: array}` for labels, of the kind that the operations of the loss take.

    Args:
        structure: the `Structure` of the whole graph.
        view: the forward part, whose outputs the labels are compared with.
        labels: names of the tensors.
        shapes: `{tensor: (static shape, dtype)}` of the labels.
        rows: how many.
        seed: the seed of the numbers.
    """
    random = np.random.RandomState(seed)
    found = {}
    classes = max((s[-1] or 1 for t in view.outputs if (s := view.shape(t))), default=1)
    labels = [full(name) for name in labels]
    taken = hidden_tensors.taken(structure, view.outputs)
    pairs = structure.labels_of(taken, labels)
    paired = {label: view.shape(output) for output, label in pairs.items()}
    for name in labels:
        tensor = full(name)
        shape, dtype = shapes[tensor]
        ops = {
            structure.nodes[n].op for n in structure.descendants([node_of(name)], structure.forward)
        }
        if shape is None:
            shape = (None,) if ops & set(SPARSE) else view.shape(view.outputs[0]) or (None,)
        counted = np.dtype(dtype).kind == "f" and counts_classes(structure, tensor)
        if counted:  # an axis that is not known is one of `tf.keras`, which adds it
            shape = (shape[0], *(1 if size is None else size for size in shape[1:]))
        elif None in shape[1:]:
            shape = like_output(shape, paired.get(tensor))
        sizes, whole = _sizes(shape), np.dtype(dtype).kind in "iu"
        if sizes:
            sizes = (rows if shape[0] is None else shape[0], *sizes[1:])
            as_output = paired.get(tensor) if whole else None
            sizes = tuple(
                classes if s is None and k and not _is_open(as_output, k) else n
                for k, (s, n) in enumerate(zip(shape, sizes, strict=True))
            )
        kind = np.dtype(dtype)
        if kind.kind in "iu" or counted:
            found[tensor] = random.randint(0, max(1, classes), size=sizes).astype(kind)
        elif kind.kind == "b":
            found[tensor] = random.randint(2, size=sizes).astype(bool)
        elif ops & set(_ONE_HOT) and len(sizes) > 1 and sizes[-1] > 1:
            picked = random.randint(0, sizes[-1], size=sizes[:-1])
            found[tensor] = np.eye(sizes[-1], dtype=kind)[picked]
        elif {"Log", "Log1p", "Exp"} & ops:  # of sigmoids
            found[tensor] = random.randint(2, size=sizes).astype(kind)
        else:
            found[tensor] = random.standard_normal(sizes).astype(kind)
    return found


def _is_open(output: Sequence[int | None] | None, axis: int) -> bool:
    """Returns whether the output of a label has the axis, of a size that the graph does not say."""
    return output is not None and len(output) > axis and output[axis] is None
