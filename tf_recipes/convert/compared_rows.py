"""Settles the rows on which a model is compared with its graph: given ones, or made ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert import example_rows
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.source_graph import SourceGraph
from tf_recipes.convert.training import label_forms
from tf_recipes.graph.nodes import PLACEHOLDERS, full, node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench import feeds as feeds_of_steps

Rows = dict[str, NDArray[Any]]
Shape = tuple[int | None, ...] | None


def of(
    source: SourceGraph,
    view: GraphView,
    inputs: Sequence[str],
    labels: Sequence[str],
    given: str | os.PathLike[str] | Mapping[str, Any] | None,
    positive: bool = False,
) -> Rows:
    """Returns `{tensor: array (rows, …)}` for the inputs and the labels.

    Args:
        source: what is converted.
        view: the forward part of its graph.
        inputs: names of the tensors that the model takes.
        labels: names of the tensors that only the loss takes.
        given: arrays, or the path of an `.npz` file; None makes some.
        positive: True to make inputs above 0 alone.

    Raises:
        ValueError: if an array is missing, or has another shape than its tensor.
    """
    made = example_rows.of_inputs(view, inputs, positive=positive)
    rows = max((len(each) for each in made.values() if each.ndim), default=example_rows.ROWS)
    if labels and source.structure is not None:
        known = {full(name): _told(source, name) for name in labels}
        made |= example_rows.of_labels(source.structure, view, labels, known, rows)
    if given is None:
        return made if source.structure is None else _as_long(source.structure, view, made)
    arrays = given if isinstance(given, Mapping) else feeds_of_steps.read(given)
    arrays = {full(name): np.asarray(array) for name, array in arrays.items()}
    for name, example in made.items():
        _check(name, arrays, example, view.shape(name) if node_of(name) in view.nodes else None)
    nodes = {node.name for node in source.graph.definition.node}
    for name in arrays:
        if node_of(name) not in nodes:
            validation.fail(
                "The feeds must be tensors of the graph.",
                f"{shortened(name, 80)!r}, beside {', '.join(map(repr, made))}",
                "Leave it out, or pass the name that the placeholder has in the TF1 program.",
            )
    return {name: arrays[name].astype(example.dtype) for name, example in made.items()}


def _as_long(structure: Structure, view: GraphView, rows: Rows) -> Rows:
    """Returns rows in which every batch has a series as long as the arrays, where the loss asks."""
    found = dict(rows)
    for name, array in rows.items():
        vector = array.ndim == 1 and array.dtype.kind in "iu"
        if vector and label_forms.are_lengths(structure, name):
            series = [e.shape[1] for n, e in rows.items() if e.ndim > 1 and n in view.given]
            if series:
                found[name] = label_forms.as_lengths(array, series[0])
    return found


def _check(
    name: str, arrays: Mapping[str, NDArray[Any]], example: NDArray[Any], shape: Shape
) -> None:
    if name not in arrays:
        validation.fail(
            "The feeds must hold an array for each input and label.",
            f"none for {shortened(name, 80)!r}",
            "Add it, or leave feeds out, so that rows are made.",
        )
    array, said = arrays[name], shortened(name, 60)
    sizes = shape if shape is not None and len(shape) == example.ndim else [None] * example.ndim
    fits = array.ndim == example.ndim and all(
        size is None or size == given for size, given in zip(sizes, array.shape, strict=True)
    )
    if not fits or (array.ndim and not len(array)):
        validation.fail(
            "An array must have rows and the shape of its placeholder.",
            f"{said!r}: {array.shape} for one such as {example.shape}",
            "Reshape the array, so that its first axis has the rows.",
        )
    if array.dtype.kind not in "fiub":
        validation.fail(
            "An array must hold numbers.", f"{said!r} of {array.dtype}", "Convert it to numbers."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        validation.fail(
            "The feeds must be finite numbers.",
            f"NaN or infinity in {said!r}",
            "Leave these rows out.",
        )


def _told(source: SourceGraph, name: str) -> tuple[Shape, str]:
    """Returns the static shape and the dtype that the graph notes of a tensor."""
    assert source.structure is not None  # labels belong to a loss
    node, index = source.structure.nodes[node_of(name)], int(full(name).rpartition(":")[2])
    if node.op in PLACEHOLDERS:
        kind, shape = node.attr["dtype"].type, node.attr["shape"].shape
    else:
        kind = (
            list(node.attr["output_types"].list.type) or node.attr["component_types"].list.type
        )[index]
        shapes = node.attr["output_shapes"].list.shape
        shape = shapes[index] if index < len(shapes) else None
    known = source.graph.shapes.get(full(name))
    if known is None and shape is not None and not shape.unknown_rank:
        known = tuple(None if each.size < 0 else int(each.size) for each in shape.dim)
        if not known and "shape" not in node.attr and node.op in PLACEHOLDERS:
            known = None
    return known, tf.as_dtype(kind).base_dtype.name
