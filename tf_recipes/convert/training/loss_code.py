"""Writes the loss of a TF1 graph: as losses of Keras, or as a function of `keras.ops`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.program.expressions import Made
from tf_recipes.convert.training import known_losses, loss_function
from tf_recipes.convert.training.graph_probe import ProbeError
from tf_recipes.convert.training.known_losses import Found
from tf_recipes.convert.training.loss_graph import LossGraph, Penalty, Trial
from tf_recipes.graph.structure import Structure


@dataclasses.dataclass(frozen=True)
class Losses:
    """Holds the loss of `compile`, the weights of several outputs' losses, labels and penalties.

    `model_class` is the class of a model that computes its loss by itself, or nothing.
    """

    expression: Any
    weights: Any
    functions: Sequence[str]
    labels: Sequence[str]
    sample_weight: str | None
    penalties: Mapping[str, Penalty]
    model_class: str = ""


def find(
    structure: Structure,
    view: GraphView,
    values: Mapping[str, NDArray[Any]],
    feed: Mapping[str, Any],
) -> Losses:
    """Finds the loss.

    Args:
        structure: the `Structure` of the graph.
        view: the forward pass, whose outputs are the model's.
        values: `{variable: value}` in the checkpoint.
        feed: `{placeholder: value}` in training.

    Raises:
        ValueError: if the loss is no function of the outputs and labels.
    """
    graph = LossGraph(structure, view, values, feed)
    found = _find(structure, graph)
    if found.expression is None or graph.outputs == graph.all_outputs:
        return found
    # an output without a loss has the loss None
    several = isinstance(found.expression, list)
    losses = iter(found.expression if several else [found.expression])
    factors = iter(found.weights or ())
    return dataclasses.replace(
        found,
        expression=[next(losses) if n in graph.outputs else None for n in graph.all_outputs],
        weights=found.weights
        and [next(factors) if n in graph.outputs else None for n in graph.all_outputs],
    )


def check_not_sampled(structure: Structure) -> None:
    """Checks that a loss takes all classes, as every loss of Keras does.

    Args:
        structure: the `Structure` of the graph.

    Raises:
        ValueError: for sampled softmax and noise-contrastive estimation.
    """
    for name in structure.forward:
        op = structure.nodes[name].op
        if op.endswith("CandidateSampler"):
            validation.fail(
                "The loss must be a function of the model's outputs and of labels.",
                f"a loss over sampled classes, by {op} at {shortened(name, 80)!r}",
                "Keras has no such loss: convert for predictions alone with inference=True.",
            )


def _find(structure: Structure, graph: LossGraph) -> Losses:
    try:
        penalties = graph.penalties()
        outputs, labels = graph.outputs, graph.labels
        trials = list(graph.trials())
        stops = loss_function.stops_gradients(graph)
        if not (stops or graph.inputs) and any(np.isfinite(trial.loss) for trial in trials):
            if len(outputs) == 1 and len(labels) == 1:
                one = known_losses.single(trials, graph)
                if one is not None:
                    return _single(graph, one, labels, None, penalties)
            if len(outputs) == 1 and len(labels) == 2:
                weighted = known_losses.weighted(trials, graph)
                if weighted is not None:
                    return _single(graph, weighted[0], [weighted[1]], weighted[2], penalties)
            if len(outputs) > 1:
                pairs = _pairs(structure, outputs, labels)
                each = known_losses.several(graph, pairs, trials)
                if each is not None:
                    return _several(graph, each, [pairs[name] for name in outputs], penalties)
        if len(outputs) == 1 and len(labels) == 1 and not graph.inputs:
            sources, expression = loss_function.write(graph, _finite(graph, trials))
            return Losses(expression, None, sources, labels, None, penalties)
        sources = loss_function.write_class(graph, _finite(graph, trials))
        name = loss_function.CLASS
        return Losses(None, None, sources, labels, None, penalties, name)
    except ProbeError as error:
        return _refuse(graph, f" ({error})")
    finally:
        graph.close()


def _finite(graph: LossGraph, trials: Sequence[Trial]) -> list[Trial]:
    """Returns trials for which the loss is finite; some losses take shares alone."""
    found = [trial for trial in trials if np.isfinite(trial.loss)]
    return found or [t for t in graph.trials("share") if np.isfinite(t.loss)]


def _pairs(structure: Structure, outputs: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    """Returns `{output: its label}`."""
    return structure.labels_of(outputs, labels)


def _single(
    graph: LossGraph,
    found: Found,
    labels: Sequence[str],
    sample_weight: str | None,
    penalties: Mapping[str, Penalty],
) -> Losses:
    weights = None if found.factor == 1 else [found.factor]
    expressions, functions = _in_dtype(graph, [found])
    return Losses(expressions[0], weights, functions, labels, sample_weight, penalties)


def _several(
    graph: LossGraph,
    found: Sequence[Found],
    labels: Sequence[str],
    penalties: Mapping[str, Penalty],
) -> Losses:
    expressions, functions = _in_dtype(graph, found)
    factors = [each.factor for each in found]
    weights = None if all(each == 1 for each in factors) else factors
    return Losses(expressions, weights, functions, labels, None, penalties)


def _in_dtype(graph: LossGraph, found: Sequence[Found]) -> tuple[list[Made], list[str]]:
    """Returns the losses, and the source code of the classes that compute them in float64.

    A loss of Keras forgets its dtype when a model is saved.
    """
    made, functions = [], {}
    for each, output in zip(found, graph.outputs, strict=True):
        expression = each.known.expression
        if graph.dtype(output) == "float64":
            functions[each.known.name] = loss_function.in_float64(expression.path)
            expression = Made(f"Float64{each.known.name}", (), expression.keywords)
        made.append(expression)
    return made, list(functions.values())


def _refuse(graph: LossGraph, why: str = "") -> Any:
    outputs, labels = (
        ", ".join(repr(shortened(each, 60)) for each in names) or "none"
        for names in (graph.outputs, graph.labels)
    )
    return validation.fail(
        "Each output of the model must have a loss of its own, with one tensor of labels.",
        f"outputs {outputs} and labels {labels} of the loss "
        f"{shortened(graph.structure.loss, 80)!r} in {graph.structure.graph.source!r}{why}",
        "Convert for predictions alone with inference=True.",
    )
