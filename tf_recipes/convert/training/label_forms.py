"""Says which form labels have where the graph leaves it open, as `tf.keras` of TF1 does."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure

Shape = tuple[int | None, ...]
SPARSE = ("SparseSoftmaxCrossEntropyWithLogits", "OneHot", "InTopK", "InTopKV2")


def counts_classes(structure: Structure, label: str) -> bool:
    """Returns whether a label of fractions holds numbers of classes, as that of `tf.keras` does.

    Args:
        structure: the `Structure` of the graph.
        label: a tensor that only the loss takes.
    """
    reached = structure.descendants([node_of(label)], structure.forward)
    takers = {name: structure.nodes[name] for name in reached}
    whole = [
        name
        for name, node in takers.items()
        if node.op == "Cast" and np.dtype(tf.as_dtype(node.attr["DstT"].type).name).kind in "iu"
    ]
    after = structure.descendants(whole, structure.forward)
    return any(structure.nodes[name].op in SPARSE for name in after)


def like_output(shape: Shape, output: Shape | None) -> Shape:
    """Returns the shape of a label, with the axes of its output where the graph tells none.

    Args:
        shape: the shape in the graph.
        output: the shape of the output, or None where it is not known.
    """
    if output is None or len(output) != len(shape):
        return shape
    pairs = zip(shape[1:], output[1:], strict=True)
    return (*shape[:1], *(other if size is None else size for size, other in pairs))


def are_lengths(structure: Structure, tensor: str) -> bool:
    """Returns whether a fed tensor is the lengths of series, and a mask as wide as the longest.

    Such a mask of `tf.sequence_mask` fits series alone that are as long as the longest of them.

    Args:
        structure: the `Structure` of the graph.
        tensor: a placeholder, or what an iterator gives.
    """
    reached = structure.descendants(structure.starts([tensor]), structure.forward)
    ends = [name for name in reached if structure.nodes[name].op == "Max"]
    after = structure.descendants(ends, reached)
    return any(structure.nodes[name].op == "Range" for name in after)


def as_lengths(drawn: NDArray[Any], longest: int) -> NDArray[Any]:
    """Returns lengths from 1 to the longest, which every third row has.

    Args:
        drawn: whole numbers, a vector.
        longest: the length of the series.
    """
    found = 1 + drawn % longest
    found[::3] = longest
    return found
