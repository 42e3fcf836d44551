"""Settles what is converted: the graph of a checkpoint, the model's inputs and its outputs."""

from __future__ import annotations

import dataclasses
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert import predictions
from tf_recipes.convert.lifting.graph_view import full
from tf_recipes.graph import node_graph
from tf_recipes.graph.meta_graph import MetaGraph
from tf_recipes.graph.nodes import PLACEHOLDERS, VARIABLES, node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench import reference

_APPLY = re.compile(r"(Resource)?(Sparse)?Apply[A-Z]\w*$")
# nodes that serve a program around a model, by the first part of their names
_AROUND = re.compile(
    r"^(save|Save|gradients|init|report_uninitialized|Adam|Momentum|RMSProp)(_\d+)?/"
)
_NO_RESULT = ("NoOp", "Assert", "Const", "Print", *VARIABLES, *PLACEHOLDERS)


@dataclasses.dataclass(frozen=True)
class SourceGraph:
    """Holds a checkpoint's graph and the tensors that a model is made of.

    `structure` is None for a graph, or a conversion, without training. `prefix` is the path of the
    variables' files. `labels` are the tensors that only the loss takes.
    """

    kind: str
    path: str
    prefix: str
    graph: MetaGraph
    structure: Structure | None
    outputs: tuple[str, ...]
    labels: tuple[str, ...]


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
    trains = any(_APPLY.match(node.op) for node in graph.definition.node)
    structure = None
    if trains:  # the loss tells what the predictions are, also for predictions alone
        try:
            structure = _structure(graph, train_op, loss)
        except ValueError:
            if not inference:
                raise
    found_labels = [full(each) for each in labels or ()]
    if structure is not None and labels is None:
        fed = [full(name) for name in structure.placeholders] + list(structure.sources)
        found_labels = [name for name in fed if structure.feeds_only_the_loss(name)]
    found = [full(each) for each in outputs or ()] or _outputs(graph, structure, found_labels)
    return SourceGraph(
        kind,
        os.fspath(checkpoint),
        prefix,
        graph,
        None if inference else structure,
        tuple(found),
        tuple(found_labels),
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
    raise ValueError(f"{text.rstrip('.')}, or convert for predictions alone with inference=True.")


def _outputs(graph: MetaGraph, structure: Structure | None, labels: Sequence[str]) -> list[str]:
    """Returns the predictions: what the loss compares with labels, or the last tensor."""
    remedy = "Name the tensors with outputs=['NAME']."
    if structure is not None:
        fed = [full(n) for n in structure.placeholders] + list(structure.sources)
        inputs = [name for name in fed if name not in labels]
        found = predictions.of_label(structure, inputs, labels[0]) if len(labels) == 1 else None
        if found is not None:
            return [found]
        several = predictions.of_labels(structure, labels) or predictions.of_inputs(
            structure, inputs
        )
        if several:
            return several
    last = _last(graph)
    if len(last) != 1:
        validation.fail(
            "The outputs of the model must be known.",
            f"{len(last)} tensors that nothing takes: "
            + (", ".join(repr(shortened(each, 60)) for each in last[:6]) or "none"),
            remedy,
        )
    return [full(last[0])]


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
        (name for name, node in nodes.items() if node.op in PLACEHOLDERS), lambda name: after[name]
    )
    return [
        name
        for name, node in nodes.items()
        if name in reached
        and not taken[name]
        and node.op not in _NO_RESULT
        and "Summary" not in node.op
        and not _AROUND.match(name)
        and not node.op.startswith(("Assign", "Save", "Restore"))
    ]
