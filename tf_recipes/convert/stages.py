"""Runs the stages of a conversion: reads, lifts, finds the training, builds and compares."""

from __future__ import annotations

import dataclasses
import gc
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert import (
    compared_rows,
    conversion_document,
    example_rows,
    forward_check,
    notes,
    own_model,
    refusals,
    source_graph,
    training_check,
)
from tf_recipes.convert.lifting import lifter, placeholders
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.lifting.lifter import Lifted
from tf_recipes.convert.lifting.step_builder import LiftError
from tf_recipes.convert.lifting.values import Constant, Flag, Setting, Value
from tf_recipes.convert.program import built_model
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.convert.settings import Settings
from tf_recipes.convert.source_graph import NotTrainedError, SourceGraph
from tf_recipes.convert.training import compilation, hidden_tensors, loss_code, state
from tf_recipes.convert.training.compilation import Training
from tf_recipes.convert.training.graph_probe import NeedsValueError
from tf_recipes.graph import checkpoint_values, roles
from tf_recipes.graph.nodes import PLACEHOLDERS, VARIABLES, full, node_of

STEPS = 20  # training steps that are compared
MOST_KEPT = 2**26  # bytes of variables after each step that the comparison of training keeps
LARGE = 2**25  # bytes of variables from which memory is freed at once
NUMBER = 4  # bytes of a number, as nearly all variables have it
Values = Mapping[str, NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Converted:
    """Holds a model, its code (None for a model of the person's own) and the results."""

    model: keras.Model
    source: str | None
    document: Mapping[str, Any]


class Stages:
    """Runs one conversion, a stage after the other.

    Args:
        checkpoint: as for `convert`.
        settings: what the conversion was told.
        on_progress: called with a few words at the beginning of each stage.
        more_notes: what a person must know beside what the stages find.
    """

    def __init__(
        self,
        checkpoint: str | os.PathLike[str],
        settings: Settings,
        on_progress: Callable[[str], object],
        more_notes: Sequence[str] = (),
    ) -> None:
        self.settings, self.on_progress, self.notes = settings, on_progress, more_notes
        on_progress("reading the graph")
        self.source: SourceGraph = source_graph.find(
            checkpoint,
            settings.outputs,
            settings.labels,
            settings.train_op,
            settings.loss,
            bool(settings.inference or settings.use_ema),
            [*(settings.inputs or ()), *settings.feed, *settings.eval_feed],
        )
        self.hidden: list[str] = []
        if self.source.structure is not None and settings.model is None:
            try:
                loss_code.check_not_sampled(self.source.structure)
            except ValueError as error:
                raise NotTrainedError(str(error)) from error
            self.hidden = hidden_tensors.find(
                self.source.structure, self.source.outputs, self.source.labels
            )
            given = (*self.source.outputs, *self.hidden)
            self.source = dataclasses.replace(self.source, outputs=given)
        self.inputs, self.view = self._forward_part()
        self.placeholders = placeholders.values(self.view, settings.feed, settings.eval_feed)

    def _forward_part(self) -> tuple[list[str], GraphView]:
        source, settings = self.source, self.settings
        given = [full(name) for name in settings.inputs or ()]
        view = GraphView(source.graph, source.outputs, given, source.structure)
        for name in (*given, *source.outputs):
            if node_of(name) in view.nodes and full(name) not in view.outputs_of(node_of(name)):
                validation.fail(
                    "A tensor must be an output of its node.",
                    f"{shortened(name, 80)!r}, of a node with "
                    f"{len(view.outputs_of(node_of(name)))} outputs",
                    "Pass the name that the tensor has in the TF1 program, such as 'NODE:0'.",
                )
        for name in given:
            if full(name).partition(":")[0] not in view.order:
                validation.fail(
                    "An input must have an influence on the outputs.",
                    f"inputs={shortened(name, 80)!r}",
                    "Leave it out, or name other outputs.",
                )
        if given:
            return given, view
        texts = [
            name
            for name in view.order
            if view.op(name) in PLACEHOLDERS and view.dtype(name) == "string"
        ]
        if texts:
            validation.fail(
                "The inputs of the model must be numbers.",
                f"{shortened(texts[0], 80)!r}, a placeholder of texts",
                "Name the tensors of numbers behind it with inputs=['NAME'].",
            )
        found = placeholders.model_inputs(view)
        set_apart = {full(name) for name in (*settings.feed, *settings.eval_feed)}
        found = [name for name in found if name not in set_apart]
        if not found:
            validation.fail(
                "A model must have an input.",
                f"no placeholder before {', '.join(source.outputs)!r}",
                "Name the tensors with inputs=['NAME'].",
            )
        return found, view.cut_at(found)

    def run(self) -> Converted:
        """Lifts the graph, builds the model and compares it."""
        if self.settings.model is not None:
            return self._filled(self.settings.model)
        self.on_progress("recognising layers")
        lifted = self._lifted()
        self.on_progress("reading the variables")
        values = self._values()
        training = self._training(lifted, values)
        code = _code(self.source, lifted, training)
        labels = training.labels if training else ()
        rows, of_graph = self._expected(labels, values)  # before a model: memory holds one
        first = self._first(rows)
        self.on_progress("building the model")
        model = self._model(code, training, values)
        self.on_progress("comparing predictions")
        predictions = forward_check.compare(of_graph, model, self.inputs, first)
        report, steps = None, self._steps(training)
        few = notes.of_steps(steps, self.settings.steps, STEPS) if training is not None else None
        not_compared = None if steps else few
        if training is not None and steps:
            self.on_progress("comparing training")
            variables, made = training_check.variable_map(code, model), [model]
            del model  # the comparison trains it; memory holds one model at a time
            try:
                report = training_check.run(
                    self.source,
                    training,
                    variables,
                    lambda: made.pop() if made else self._model(code, training, values),
                    self.inputs,
                    rows,
                    {**self._values_of_others(training=True), **self.settings.feed},
                    {**self._values_of_others(training=False), **self.settings.eval_feed},
                    steps,
                    rows_are_given=self.settings.feeds is not None,
                    values_are_given=bool(self.settings.feed or self.settings.eval_feed),
                )
            except training_check.NotComparedError as error:
                not_compared = str(error)
            else:
                not_compared = conversion_document.not_judged(report)
            made.clear()
            if self._size() > LARGE:
                gc.collect()  # the layers of a model refer to one another
            self.on_progress("building the model")
            model = self._model(code, training, values)
        document = conversion_document.build(
            self.source,
            self.view,
            lifted,
            code,
            model,
            predictions,
            report,
            not_compared,
            [
                *self.notes,
                *notes.of_model(self.source, lifted, code, self.hidden),
                *([few] if few and steps else []),
                *([not_compared] if not_compared else []),
                *notes.of_labels(training, self.inputs),
            ],
        )
        return Converted(model, code.source(), document)

    def _steps(self, training: Training | None) -> int:
        """Returns how many training steps are compared: 20, or as many as fit into memory."""
        if self.settings.steps is not None or training is None:
            return self.settings.steps or 0
        return min(STEPS, MOST_KEPT // max(1, self._size()))

    def _size(self) -> int:
        """Returns the bytes of the variables that a training step has."""
        if self.source.structure is None:
            return 0
        shapes = checkpoint_values.shapes(self.source.structure).values()
        return NUMBER * sum(math.prod(shape) for shape in shapes)

    def _filled(self, model: own_model.Model) -> Converted:
        """Sets the weights of a person's own model, and compares its predictions."""
        mine, name = own_model.make(model, self.settings.unsafe)
        self.on_progress("reading the variables")
        needed = self.view.variable_shapes()
        values = checkpoint_values.read(self.source.prefix, self.source.graph, needed)
        rows, of_graph = self._expected((), values)
        first = self._first(rows)
        self.on_progress("comparing predictions")
        found, predictions = own_model.fill(
            mine, self.view, values, of_graph, self.inputs, first, self.settings.variable_map
        )
        document = conversion_document.of_own_model(
            self.source, self.view, name, mine, found, predictions
        )
        return Converted(mine, None, document)

    def _first(self, rows: Values) -> Values:
        """Returns the rows on which predictions are compared; a number alone has no rows."""
        few: tuple[Any, Any] = (..., slice(example_rows.ROWS))
        return {name: rows[name][few[min(1, rows[name].ndim)]] for name in self.inputs}

    def _expected(
        self, labels: Sequence[str], values: Values
    ) -> tuple[Values, forward_check.Expected]:
        """Returns the rows of the comparison, and what the graph predicts for the first of them.

        Raises:
            ValueError: if the graph predicts no finite numbers, with which nothing can be compared.
        """
        given = self.settings.feeds
        for positive in (False, True) if given is None else (False,):
            rows = compared_rows.of(self.source, self.view, self.inputs, labels, given, positive)
            of_graph = self._of_graph(values, self._first(rows))
            wrong = [name for name, each in of_graph.values.items() if not np.isfinite(each).all()]
            if not wrong:
                return rows, of_graph
        return validation.fail(
            "The graph must predict finite numbers, so that a model can be compared with it.",
            f"NaN or infinity in {shortened(wrong[0], 80)!r} for "
            + ("rows that were made" if given is None else "the feeds"),
            "Pass rows of the program with feeds='batches.npz', or name outputs before the node "
            "that gives NaN.",
        )

    def _of_graph(self, values: Values, rows: Values) -> forward_check.Expected:
        self.on_progress("running the graph")
        others = self._values_of_others(training=False)
        return forward_check.expected(self.view, values, rows, others)

    def _training(self, lifted: Lifted, values: Values) -> Training | None:
        """Returns how the graph trains; None for predictions alone."""
        if self.source.structure is None:
            return None
        self.on_progress("recognising the training")
        self._check_settings()
        fed = {**self._values_of_others(training=True), **self.settings.feed}
        try:
            return compilation.find(self.source.structure, self.view, lifted, values, fed)
        except NeedsValueError:
            raise
        except ValueError as error:
            raise NotTrainedError(str(error)) from error

    def _check_settings(self) -> None:
        """Checks that every placeholder of a number has a value in training.

        Predictions need none: what the value belongs to does nothing in evaluation.
        """
        names = [name for name, value in self.placeholders.items() if _is_open(value)]
        if names:
            values = {name: self._example(name) for name in names[:6]}
            listed = ", ".join(repr(shortened(name, 60)) for name in names[:6])
            raise NotTrainedError(
                "Each placeholder of a number must have a value in training. Received: none for "
                f"{listed}. Pass the program's values, such as feed={values!r}, or convert for "
                "predictions alone with inference=True."
            )

    def _example(self, name: str) -> Any:
        """Returns a value that a placeholder of a number, or of a vector, could have."""
        value = self.placeholders[name]
        known = value.evaluation if isinstance(value, Setting) else None
        return [0.5] * len(known) if isinstance(known, tuple) else 0.5

    def _model(self, code: ModelCode, training: Training | None, values: Values) -> keras.Model:
        """Returns the model, with the weights and the state of the optimizer."""
        model = built_model.build(code.source())
        built_model.set_weights(code, model, values)
        if training is not None and self.source.structure is not None:
            state.restore(model, code, training, self.source.structure, values)
        return model

    def _lifted(self) -> Lifted:
        try:
            return lifter.lift(
                self.view, self.placeholders, self.inputs, self.settings.keep_unknown
            )
        except LiftError as error:
            if self.hidden:  # the predictions may have none of these operations
                names = ", ".join(repr(shortened(name, 60)) for name in self.hidden[:3])
                why = ", ".join(f"{e.op} at {shortened(e.node, 60)!r}" for e in error.unknown[:3])
                raise NotTrainedError(
                    "What the loss takes must have a counterpart in Keras. Received: "
                    f"{names}, which need {why}. Convert for predictions alone with "
                    "inference=True."
                ) from error
            refusals.refuse(self.view, error, self.settings.keep_unknown)

    def _values(self) -> Values:
        """Returns the variables of the forward pass, and those that a training step has."""
        needed = self.view.variable_shapes()
        structure = self.source.structure
        more = checkpoint_values.shapes(structure) if structure is not None else {}
        if self.settings.use_ema:
            return self._averages(needed)
        return checkpoint_values.read(self.source.prefix, self.source.graph, needed, more)

    def _averages(self, needed: Mapping[str, tuple[int, ...]]) -> Values:
        """Returns the moving averages of the variables, and the others as they are."""
        graph = self.source.graph
        names = [node.name for node in graph.definition.node if node.op in VARIABLES]
        averages = {owner: shadow for shadow, owner in roles.shadows(names).items()}
        kept = {name: averages.get(name, name) for name in needed}
        if not set(kept) & set(averages):
            validation.fail(
                "use_ema=True takes a checkpoint with moving averages of the model's variables.",
                f"{self.source.prefix!r}, whose graph has none",
                "Pass use_ema=False.",
            )
        wanted = {kept[name]: shape for name, shape in needed.items()}
        values = checkpoint_values.read(self.source.prefix, graph, wanted)
        return {name: values[kept[name]] for name in needed}

    def _values_of_others(self, training: bool) -> dict[str, Any]:
        """Returns `{placeholder: value}` of those that are no inputs.

        Args:
            training: True for the values in training, False for those in evaluation.
        """
        found: dict[str, Any] = {}
        for name, value in self.placeholders.items():
            match value:
                case Flag(_, negated):
                    found[name] = training != negated
                case Setting():
                    number = value.training if training else value.evaluation
                    found[name] = 1.0 if number is None else number
                case Constant(array):
                    found[name] = array
        return found


def _is_open(value: Value) -> bool:
    return isinstance(value, Setting) and value.training is None


def _code(source: SourceGraph, lifted: Lifted, training: Training | None) -> ModelCode:
    """Returns the code of a model, compiled where the graph trains."""
    return ModelCode(
        lifted.program,
        lifted.inputs,
        lifted.outputs,
        title=_title(source),
        compiled=dict(training.compiled) if training else None,
        functions=training.functions if training else (),
        keywords=training.keywords if training else {},
        model_class=training.model_class if training else "",
    )


def _title(source: SourceGraph) -> str:
    """Returns the first line of the code: what the model is from, in letters that are harmless."""
    name = "".join(c for c in Path(source.prefix).name if c.isalnum() or c in "._-")[:60]
    return f"Builds the Keras model of the TF1 checkpoint {name}."
