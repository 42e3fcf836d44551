"""Settles what is converted: the graph of a checkpoint, the model's inputs and its outputs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert import predictions
from tf_recipes.convert.training import hidden_tensors, moved_averages
from tf_recipes.graph import node_graph
from tf_recipes.graph.meta_graph import MetaGraph
from tf_recipes.graph.node_graph import NodeGraph
from tf_recipes.graph.nodes import PLACEHOLDERS, SIZES, VARIABLES, full, node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.training_step import applies_gradient, training_operations
from tf_recipes.verify.bench import reference

# nodes that serve a program around a model, by the first part of their names
_AROUND = re.compile(
    r"^(save|Save|gradients|init|report_uninitialized|Adam|Momentum|RMSProp)(_\d+)?/"
)
_SWITCHES = ("Switch", "RefSwitch")  # `tf.cond` leaves an Identity of each branch
_NO_RESULT = ("NoOp", "Assert", "Const", "Print", *VARIABLES, *PLACEHOLDERS)


class NotTrainedError(ValueError):
    """Says why a model cannot train as the graph does."""


@dataclasses.dataclass(frozen=True)
class SourceGraph:
    """Holds a checkpoint's graph and the tensors that a model is made of.

    `structure` is None for a graph, or a conversion, without training. `prefix` is the path of the
    variables' files. `labels` are the tensors that only the loss takes. `moved` are operations that
    the program ran with each step, as the averages in the checkpoint show.
    """

    kind: str
    path: str
    prefix: str
    graph: MetaGraph
    structure: Structure | None
    outputs: tuple[str, ...]
    labels: tuple[str, ...]
    moved: tuple[str, ...] = ()


def find(
    checkpoint: str | os.PathLike[str],
    outputs: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    train_op: Any = None,
    loss: str | None = None,
    inference: bool = False,
    others: Iterable[str] = (),
) -> SourceGraph:
    """Reads the graph of a checkpoint, and finds the model in it.

    Args:
        checkpoint: a checkpoint's prefix, its folder or one of its files, or a SavedModel's folder.
        outputs: names of the tensors that the model gives; None for the predictions of the loss.
        labels: names of the tensors that only the loss takes; None to find them.
        train_op: the operations of a training step, or None to find them.
        loss: the loss tensor, or None to find it.
        inference: True to leave training out.
        others: more names that must be in the graph.

    Raises:
        ValueError: if a file is damaged, or what is asked for is not in the graph.
    """
    kind, graph, prefix = reference.open_files(checkpoint)
    operations = [train_op] if isinstance(train_op, str) else train_op or ()
    _check_named(graph, [*(outputs or ()), *(labels or ()), *others, *operations])
    _check_named(graph, [loss] if loss else [])
    nodes = NodeGraph(graph)
    trains = any(applies_gradient(nodes, name) for name in nodes.nodes)
    structure, others_of = None, []
    if trains:  # the loss tells what the predictions are, also for predictions alone
        try:
            structure = _structure(graph, train_op, loss)
        except NotTrainedError:
            if not inference:
                raise
            others_of = _structures(graph)
    moved: list[str] = []
    if structure is not None and train_op is None:
        moved = moved_averages.updates(structure, prefix)
        if moved:
            structure = Structure(graph, [structure.train_op, *moved], loss)
    found_labels = [full(each) for each in labels or ()]
    if structure is not None and labels is None:
        found_labels = _labels(structure)
    found = [full(each) for each in outputs or ()]
    for each in () if found else others_of:  # one for each loss of the program
        found += _of_loss(each, _labels(each)) or hidden_tensors.find(each, (), ())
    found = list(dict.fromkeys(found)) or _outputs(graph, structure, found_labels)
    return SourceGraph(
        kind,
        os.fspath(checkpoint),
        prefix,
        graph,
        None if inference else structure,
        tuple(found),
        tuple(found_labels),
        tuple(moved),
    )


def _check_named(graph: MetaGraph, given: Iterable[str]) -> None:
    """Checks that the nodes of some tensors are in the graph."""
    names = {node.name for node in graph.definition.node}
    for each in given:
        if node_of(each) not in names:
            validation.fail(
                "A tensor must be in the graph.",
                f"{shortened(each, 100)!r}, which {graph.source!r} does not have",
                "Pass the name that the tensor has in the TF1 program.",
            )


def _structure(graph: MetaGraph, train_op: Any, loss: str | None) -> Structure:
    try:
        return Structure(graph, train_op, loss)
    except ValueError as error:
        text = str(error)
    raise NotTrainedError(
        f"{text.rstrip('.')}, or convert for predictions alone with inference=True."
    )


def _structures(graph: MetaGraph) -> list[Structure]:
    """Returns the `Structure` of each training step that the program can have had."""
    found = []
    for name in training_operations(NodeGraph(graph)):
        with contextlib.suppress(ValueError):  # no loss can be told
            found.append(Structure(graph, name))
    return found


def _labels(structure: Structure) -> list[str]:
    """Returns the tensors that only the loss takes."""
    fed = [full(name) for name in structure.placeholders] + list(structure.sources)
    return [name for name in fed if predictions.is_label(structure, name)]


def _outputs(graph: MetaGraph, structure: Structure | None, labels: Sequence[str]) -> list[str]:
    """Returns the predictions: what the loss compares with labels, or the last tensor."""
    remedy = "Name the tensors with outputs=['NAME']."
    losses = [] if structure is None else [structure, *_structures(graph)]
    found = _of_loss(structure, labels) if structure is not None else []
    if found:
        return found
    last = [name for name in _last(graph) if full(name) not in {each.loss for each in losses}]
    if structure is not None and not labels and len(last) != 1:
        found = hidden_tensors.find(structure, (), ())
        if found:
            return found
    if len(last) != 1:
        validation.fail(
            "The outputs of the model must be known.",
            f"{len(last)} tensors that nothing takes: "
            + (", ".join(repr(shortened(each, 60)) for each in last[:6]) or "none"),
            remedy,
        )
    return [full(last[0])]


def _of_loss(structure: Structure, labels: Sequence[str]) -> list[str]:
    """Returns the predictions that a loss takes; none if they cannot be told."""
    fed = [full(n) for n in structure.placeholders] + list(structure.sources)
    inputs = [name for name in fed if name not in labels]
    found = predictions.of_label(structure, inputs, labels[0]) if len(labels) == 1 else None
    if found is not None:
        return [found]
    return predictions.of_labels(structure, labels) or predictions.of_inputs(structure, inputs)


def _is_flag(placeholder: Any) -> bool:
    """Returns whether a placeholder, such as that of training, chooses what is computed."""
    return bool(placeholder.attr["dtype"].type == tf.bool.as_datatype_enum)


def _last(graph: MetaGraph) -> list[str]:
    """Returns the nodes that compute something of a placeholder, and that nothing takes."""
    nodes = {node.name: node for node in graph.definition.node}
    taken = Counter(node_of(each) for node in nodes.values() for each in node.input)
    after: dict[str, list[str]] = defaultdict(list)
    for node in nodes.values():
        for each in node.input:
            if not each.startswith("^"):
                after[node_of(each)].append(node.name)
    reached = node_graph.reached(
        (n for n, node in nodes.items() if node.op in PLACEHOLDERS and not _is_flag(node)),
        lambda name: () if nodes[name].op in SIZES else after[name],
    )
    return [
        name
        for name, node in nodes.items()
        if name in reached
        and not taken[name]
        and node.op not in (*_NO_RESULT, *SIZES)
        and "Summary" not in node.op
        and not _AROUND.match(name)
        and not (node.op == "Identity" and nodes[node_of(node.input[0])].op in _SWITCHES)
        and not node.op.startswith(("Assign", "Save", "Restore"))
    ]
