"""Converts a TF1 checkpoint to a Keras model, its source code, and a proof that both are equal."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.precision import use_float32_products
from tf_recipes._support.visible import shortened
from tf_recipes.convert import (
    conversion_document,
    example_rows,
    forward_check,
    output_folder,
    refusals,
    source_graph,
)
from tf_recipes.convert.lifting import lifter, placeholders
from tf_recipes.convert.lifting.graph_view import GraphView, full
from tf_recipes.convert.lifting.lifter import Lifted, LiftError
from tf_recipes.convert.lifting.values import Constant, Flag, Setting, Value
from tf_recipes.convert.program import built_model
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.convert.source_graph import SourceGraph
from tf_recipes.graph import checkpoint_values
from tf_recipes.verify.bench import feeds as feeds_of_steps

Values = Mapping[str, NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Settings:
    """Holds what a conversion can be told; `convert` documents each.

    All names are those of the graph, with or without `:0`.
    """

    inputs: Sequence[str] | None = None
    outputs: Sequence[str] | None = None
    labels: Sequence[str] | None = None
    feed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    eval_feed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    feeds: str | os.PathLike[str] | Mapping[str, Any] | None = None
    train_op: str | Sequence[str] | None = None
    loss: str | None = None
    inference: bool = False
    use_ema: bool = False
    keep_unknown: bool = False
    steps: int = 20
    overwrite: bool = False


@dataclasses.dataclass(frozen=True)
class Conversion:
    """Holds the outcome of a conversion.

    `model` is the Keras model, `source` the text of `model.py`, `document` what `conversion.json`
    holds.
    """

    model: keras.Model
    source: str
    document: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Returns whether the model does what the graph does, as far as that was compared."""
        return bool(self.document["passed"])

    def __str__(self) -> str:
        return str(self.document["message"])


def convert(
    checkpoint: str | os.PathLike[str],
    output_dir: str | os.PathLike[str] | None = None,
    *,
    on_progress: Callable[[str], object] = lambda stage: None,
    **settings: Any,
) -> Conversion:
    """Converts a TF1 checkpoint to a functional Keras model with TF1's weights.

    The graph in the checkpoint's `.meta` file is read; neither TF1 nor the program is needed. The
    model's predictions are compared with those of the graph, in units of the graph's own drift
    when its weights start one ulp away.

    TF1: there was no such tool. `tf.train.Checkpoint(model).restore` of TensorFlow 2 loads nothing
    from such a checkpoint, and raises no error.

    Args:
        checkpoint: the prefix that `tf.train.Saver` wrote, its folder or one of its files, or the
            folder of a SavedModel.
        output_dir: the folder that will hold `model.keras`, `model.py` and `conversion.json`; it
            appears when all of them are whole. None writes nothing.
        on_progress: called with a few words at the beginning of each stage.
        **settings: of `Settings`. `inputs` and `outputs` name the tensors that the model takes and
            gives, `labels` those that only the loss takes. `feed` and `eval_feed` are
            `{placeholder: value}` in training and in evaluation. `feeds` are the arrays on which
            model and graph are compared, `{placeholder: array (rows, …)}` or an `.npz` file; None
            makes some. `train_op` and `loss` name what cannot be told. `inference=True` leaves
            training out. `use_ema=True` takes the moving averages of the weights.
            `keep_unknown=True` keeps an operation without a counterpart in a layer that runs it.
            `steps` is the number of training steps that are compared. `overwrite=True` replaces a
            folder that a conversion made.

    Returns:
        A `Conversion`.

    Raises:
        ValueError: if a file is damaged, or the graph holds an operation without a counterpart;
            then nothing is written.
        TypeError: for an unknown setting.
    """
    given = Settings(**settings)
    if output_dir is not None:
        output_folder.check(output_dir, given.overwrite)
    with use_float32_products():
        work = _Conversion(checkpoint, given, on_progress)
        done = work.run()
    if output_dir is not None:
        on_progress("writing")
        output_folder.write(output_dir, done.model, done.source, done.document, given.overwrite)
    return done


class _Conversion:
    """Runs one conversion."""

    def __init__(
        self,
        checkpoint: str | os.PathLike[str],
        settings: Settings,
        on_progress: Callable[[str], object],
    ) -> None:
        self.settings, self.on_progress = settings, on_progress
        on_progress("reading the graph")
        self.source: SourceGraph = source_graph.find(
            checkpoint,
            settings.outputs,
            settings.labels,
            settings.train_op,
            settings.loss,
            settings.inference,
        )
        self.inputs, self.view = self._forward_part()
        self.placeholders = placeholders.values(self.view, settings.feed, settings.eval_feed)

    def _forward_part(self) -> tuple[list[str], GraphView]:
        source, settings = self.source, self.settings
        given = [full(name) for name in settings.inputs or ()]
        view = GraphView(source.graph, source.outputs, given, source.structure)
        for name in given:
            if full(name).partition(":")[0] not in view.order:
                validation.fail(
                    "An input must have an influence on the outputs.",
                    f"inputs={shortened(name, 80)!r}",
                    "Leave it out, or name other outputs.",
                )
        if given:
            return given, view
        found = placeholders.model_inputs(view)
        set_apart = {full(name) for name in (*settings.feed, *settings.eval_feed)}
        found = [name for name in found if name not in set_apart]
        if not found:
            validation.fail(
                "A model must have an input.",
                f"no placeholder before {', '.join(source.outputs)!r}",
                "Name the tensors with inputs=['NAME'].",
            )
        return found, GraphView(source.graph, source.outputs, found, source.structure)

    def run(self) -> Conversion:
        """Lifts the graph, builds the model and compares it."""
        self.on_progress("recognising layers")
        lifted = self._lifted()
        values = self._values(lifted)
        self.on_progress("building the model")
        code = ModelCode(lifted.program, lifted.inputs, lifted.outputs, title=_title(self.source))
        text = code.source()
        model = built_model.build(text)
        built_model.set_weights(code, model, values)
        self.on_progress("comparing predictions")
        rows = self._rows()
        predictions = forward_check.compare(
            self.view, model, values, self.inputs, rows, self._evaluation()
        )
        document = conversion_document.build(
            self.source, self.view, lifted, code, model, predictions, self._notes(lifted)
        )
        return Conversion(model, text, document)

    def _lifted(self) -> Lifted:
        try:
            return lifter.lift(
                self.view, self.placeholders, self.inputs, self.settings.keep_unknown
            )
        except LiftError as error:
            refusals.refuse(self.view, error)

    def _values(self, lifted: Lifted) -> dict[str, NDArray[Any]]:
        self.on_progress("reading the variables")
        return checkpoint_values.read(
            self.source.prefix, self.source.graph, self.view.variable_shapes()
        )

    def _rows(self) -> dict[str, NDArray[Any]]:
        """Returns the rows of the inputs on which predictions are compared."""
        made = example_rows.of_inputs(self.view, self.inputs)
        if self.settings.feeds is None:
            return made
        arrays = self.settings.feeds
        if not isinstance(arrays, Mapping):
            arrays = feeds_of_steps.read(arrays)
        arrays = {full(name): np.asarray(array) for name, array in arrays.items()}
        for name in self.inputs:
            if name not in arrays:
                validation.fail(
                    "The feeds must hold an array for each input.",
                    f"none for {shortened(name, 80)!r}",
                    "Add it, or leave feeds out, so that rows are made.",
                )
            array = arrays[name]
            if array.ndim != made[name].ndim or any(
                s is not None and s != n
                for s, n in zip(self.view.shape(name) or (), array.shape, strict=True)
            ):
                validation.fail(
                    "An array must have the shape of its placeholder.",
                    f"{shortened(name, 60)!r}: {array.shape} for {self.view.shape(name)}",
                    "Reshape the array, so that its first axis has the rows.",
                )
        return {
            name: arrays[name][: example_rows.ROWS].astype(made[name].dtype) for name in self.inputs
        }

    def _evaluation(self) -> dict[str, Any]:
        """Returns `{placeholder: value}` in evaluation."""
        found: dict[str, Any] = {}
        for name, value in self.placeholders.items():
            match value:
                case Flag(_, negated):
                    found[name] = negated
                case Setting(evaluation=number):
                    found[name] = 1.0 if number is None else number
                case Constant(array):
                    found[name] = array
        return found

    def _notes(self, lifted: Lifted) -> list[str]:
        """Returns what a person must know of the model."""
        return [
            f"{name} has no value for training; dropout keeps everything. Set it with "
            f"feed={{{name!r}: VALUE}}."
            for name, value in self.placeholders.items()
            if _is_open(value)
        ]


def _is_open(value: Value) -> bool:
    return isinstance(value, Setting) and value.training is None


def _title(source: SourceGraph) -> str:
    """Returns the first line of the code: what the model is from, in letters that are harmless."""
    name = "".join(c for c in Path(source.prefix).name if c.isalnum() or c in "._-")[:60]
    return f"Builds the Keras model of the TF1 checkpoint {name}."
