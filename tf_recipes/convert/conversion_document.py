"""Describes a conversion as plain values, which `conversion.json` holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import keras

import tf_recipes
from tf_recipes.convert.forward_check import Predictions
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.lifting.lifter import Lifted
from tf_recipes.convert.lifting.values import Constant, Flag, Setting, Sizes, Value, Weight
from tf_recipes.convert.program import built_model
from tf_recipes.convert.program.expressions import Step, Tensor
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.convert.reports import conversion_schema
from tf_recipes.convert.source_graph import SourceGraph
from tf_recipes.graph.nodes import VARIABLES, node_of
from tf_recipes.parity.comparison import LIMIT
from tf_recipes.verify.bench import map_orders
from tf_recipes.verify.bench.variable_map import Map
from tf_recipes.verify.migration import Report
from tf_recipes.verify.report_document import number
from tf_recipes.verify.reports import document_schema

# operation -> why a model does without it; the first that matches
DROPPED = (
    (r"(Save|Restore|MergeV2Checkpoints|ShardedFilename)\w*", "saver", "Keras saves the model"),
    (r"\w*Summary\w*", "summary", "keras.callbacks.TensorBoard writes summaries"),
    (r"(Resource)?(Sparse)?Apply\w+", "update", "the optimizer does it"),
    (
        r"\w*Queue\w*|\w*Iterator\w*|\w*Dataset\w*|\w*Reader\w*",
        "input pipeline",
        "fit takes arrays or a tf.data.Dataset",
    ),
    (r"Assert|CheckNumerics|Print\w*", "check", "no number depends on it"),
    (r"Assign\w*|VarIsInitializedOp|IsVariableInitialized", "assignment", "Keras does it"),
    (r"NoOp", "group", "no number depends on it"),
)


def build(
    source: SourceGraph,
    view: GraphView,
    lifted: Lifted,
    code: ModelCode,
    model: keras.Model,
    predictions: Predictions,
    report: Report | None,
    not_compared: str | None,
    notes: Sequence[str],
) -> dict[str, Any]:
    """Returns what `conversion.json` holds.

    Args:
        source: what was converted.
        view: the forward part of the graph.
        lifted: the result of the lifter.
        code: the written code.
        model: the model with its weights.
        predictions: how far the predictions are from TF1's.
        report: what the verification of the training found; None without one.
        not_compared: why it compared no training of a model that trains, or None.
        notes: what a person must know of the model.
    """
    judged = None if not_compared else report
    passed = predictions.passed and (judged is None or judged.passed)
    text = message(model, predictions, judged, not_compared is None)
    return {
        **_head(source, passed, text),
        "model": None,
        "notes": list(notes),
        "inputs": [_tensor(each) for each in lifted.inputs],
        "outputs": list(view.outputs),
        "layers": _layers(code),
        "variables": _variables(code, model),
        "nodes": _nodes(view, lifted, code),
        "dropped": dropped(source, view),
        "predictions": compared(predictions),
        "training": None if report is None else dict(report.document),
        "training_not_compared": not_compared,
    }


def not_judged(report: Report) -> str | None:
    """Returns why a verification could not judge the training; None where it could."""
    if report.document["verdict"] != document_schema.NOT_JUDGED:
        return None
    return f"Training was not compared: {report}"


def of_own_model(
    source: SourceGraph,
    view: GraphView,
    name: str,
    model: keras.Model,
    found: Map,
    predictions: Predictions,
) -> dict[str, Any]:
    """Returns what `conversion.json` holds for a model that a person wrote.

    Args:
        source: what was converted.
        view: the forward part of the graph.
        name: what the model is called.
        model: the model with its weights.
        found: the map of its variables.
        predictions: how far the predictions are from TF1's.
    """
    notes = ["The weights of your model were set. Its training was not compared: run verify."]
    orders = map_orders.groups(found)
    if orders and not predictions.passed:
        notes.append(
            "Several variables have one shape, and no order of those that were tried predicts as "
            "TF1. Pass a map."
        )
    return {
        **_head(source, predictions.passed, message(model, predictions, None, True)),
        "model": name,
        "notes": notes,
        "inputs": [
            {"name": each.name, "shape": list(each.shape), "dtype": str(each.dtype)}
            for each in model.inputs or ()
        ],
        "outputs": list(view.outputs),
        "layers": [
            {
                "name": layer.name,
                "class": f"{type(layer).__module__.partition('.')[0]}.{type(layer).__name__}",
                "scope": "",
                "code": None,
                "line": None,
            }
            for layer in model.layers
            if not isinstance(layer, keras.layers.InputLayer)
        ],
        "variables": [
            *(
                {
                    "tf1": [link.tf1],
                    "keras": link.keras.path,
                    "shape": list(link.keras.shape),
                    "transform": "transpose" if link.transposed else None,
                }
                for link in found.links
            ),
            *(
                {
                    "tf1": list(cell.tf1_names),
                    "keras": variable.path,
                    "shape": list(variable.shape),
                    "transform": "recurrent cell",
                }
                for cell in found.cells
                for variable in cell.keras_variables
            ),
        ],
        "nodes": [],
        "dropped": dropped(source, view),
        "predictions": compared(predictions),
        "training": None,
        "training_not_compared": None,
    }


def _head(source: SourceGraph, passed: bool, text: str) -> dict[str, Any]:
    return {
        "format": conversion_schema.FORMAT,
        "tf_recipes": tf_recipes.__version__,
        "checkpoint": source.path,
        "tensorflow": source.graph.tensorflow_version,
        "passed": passed,
        "message": text,
    }


def compared(predictions: Predictions) -> list[dict[str, Any]]:
    """Returns the rows of the predictions."""
    return [
        {
            "tensor": name,
            "drift": number(drift),
            "sensitivity": number(predictions.sensitivity[name]),
            "ratio": number(predictions.ratios[name]),
            "passed": predictions.ratios[name] <= LIMIT,
        }
        for name, drift in predictions.drift.items()
    ]


def _layers(code: ModelCode) -> list[dict[str, Any]]:
    lines = code.lines_of_layers()
    return [
        {
            "name": name,
            "class": layer.path,
            "scope": layer.scope,
            "code": code.constructor(layer),
            "line": lines[name],
        }
        for name, layer in code.layers()
    ]


def message(
    model: keras.Model, predictions: Predictions, report: Report | None, compared: bool
) -> str:
    """Returns the outcome in one sentence without its point.

    Args:
        model: the model with its weights.
        predictions: how far the predictions are from TF1's.
        report: what the verification of the training found; None without one.
        compared: False where the model trains, and its training was not compared.
    """
    worst = max(predictions.ratios.values(), default=0.0)
    outcome = "match" if predictions.passed else "DIFFER from"
    text = (
        f"{len(model.layers)} layers, {model.count_params()} weights; the predictions {outcome} "
        f"TF1's (largest ratio {worst:.2g})"
    )
    if report is None:
        return text if compared else f"{text}; training was not compared"
    if not report.passed or report.document["training"] is None:
        return f"{text}; training: {str(report).rstrip('.')}"
    ratios = [
        *report.document["training"]["losses"]["ratio"],
        *(each for row in report.document["training"]["variables"] for each in row["ratio"]),
    ]
    largest = max((float(each) for each in ratios), default=0.0)
    steps = report.document["settings"]["steps"]
    return f"{text}, and so do {steps} training steps (largest ratio {largest:.2g})"


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": dict(tensor.step.keywords)["name"],
        "shape": list(tensor.shape or ()),
        "dtype": tensor.dtype,
    }


def _variables(code: ModelCode, model: keras.Model) -> list[dict[str, Any]]:
    found = []
    for path, (origin, variable) in built_model.weights(code, model).items():
        found.append(
            {
                "tf1": list(origin.variables),
                "keras": path,
                "shape": list(variable.shape),
                "transform": origin.transform.function if origin.transform else None,
            }
        )
    return found


def _nodes(view: GraphView, lifted: Lifted, code: ModelCode) -> list[dict[str, Any]]:
    """Returns what each node of the forward part became; what only serves another, with it."""
    steps = {id(step) for step in code.steps}
    places: dict[str, str] = {}
    for name in reversed(view.order):
        value = lifted.values.get(f"{name}:0")
        own = _place(value, steps, code)
        users = (u for each in view.outputs_of(name) for u in view.consumers.get(each, []))
        places[name] = own or next((places[u] for u in users if places.get(u)), "")
    return [
        {
            "name": name,
            "op": view.op(name),
            "pattern": lifted.became.get(name)
            or ("variable" if view.op(name) in VARIABLES else None)
            or ("constant" if name in view.folded_nodes else None),
            "in": places[name],
        }
        for name in view.order
    ]


def _place(value: Value | None, steps: set[int], code: ModelCode) -> str:
    """Returns the layer or the function that gives a value, or nothing."""
    match value:
        case Tensor(step) if id(step) in steps:
            return _callee(step, code)
        case Flag():
            return "the argument training"
        case Setting():
            return "a number in the code"
        case Weight() | Constant() | Sizes() | _:
            return ""


def _callee(step: Step, code: ModelCode) -> str:
    return code.name_of_layer(step.layer) if step.layer else str(step.callee)


_BY_SCOPE = (
    (re.compile(r"^gradients(_\d+)?(/|$)"), ("gradient", "Keras differentiates the loss")),
    (re.compile(r"/Initializer/|/initial_value$"), ("initial value", "the checkpoint has values")),
)
_NOT_NEEDED = ("not needed", "no output of the model depends on it")


def _loss(source: SourceGraph) -> set[str]:
    """Returns the nodes that the loss needs; none for predictions alone."""
    structure = source.structure
    return set() if structure is None else set(structure.ancestors([node_of(structure.loss)]))


def dropped(source: SourceGraph, view: GraphView) -> list[dict[str, Any]]:
    """Returns what the model does without, by kind, and why."""
    used, loss = set(view.order), _loss(source)
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for node in source.graph.definition.node:
        if node.name in used:
            continue
        key = next(
            ((kind, why) for pattern, kind, why in DROPPED if re.fullmatch(pattern, node.op)),
            None,
        )
        if key is None and node.name in loss:
            key = ("loss", "the model is compiled with it")
        if key is None:
            key = next((kind for part, kind in _BY_SCOPE if part.search(node.name)), _NOT_NEEDED)
        counts[key] += 1
        first.setdefault(key, node.name)
    return [
        {"kind": kind, "why": why, "count": count, "first": first[kind, why]}
        for (kind, why), count in counts.most_common()
    ]
