"""Converts a TF1 checkpoint to a Keras model, its source code, and a proof that both are equal."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
from numpy.typing import NDArray

from tf_recipes._support import extras, validation
from tf_recipes._support.precision import use_float32_products
from tf_recipes._support.visible import shortened
from tf_recipes.convert import (
    compared_rows,
    conversion_document,
    example_rows,
    forward_check,
    output_folder,
    own_model,
    refusals,
    source_graph,
    training_check,
)
from tf_recipes.convert.lifting import lifter, placeholders
from tf_recipes.convert.lifting.graph_view import GraphView, full
from tf_recipes.convert.lifting.lifter import Lifted, LiftError
from tf_recipes.convert.lifting.values import Constant, Flag, Setting, Value
from tf_recipes.convert.program import built_model
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.convert.source_graph import SourceGraph
from tf_recipes.convert.training import compilation, state
from tf_recipes.convert.training.compilation import Training
from tf_recipes.graph import checkpoint_values, roles
from tf_recipes.graph.nodes import PLACEHOLDERS, VARIABLES, node_of
from tf_recipes.verify import migration

STEPS = 20  # training steps that are compared
MOST_KEPT = 2**29  # bytes of variables that the comparison of training keeps by itself
NUMBER = 4  # bytes of a number, as nearly all variables have it
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
    steps: int | None = None
    overwrite: bool = False
    model: own_model.Model | None = None
    variable_map: Mapping[str, str] | None = None
    unsafe: bool = False

    def __post_init__(self) -> None:
        if self.steps is not None:
            validation.whole("steps", self.steps, 0)
        if self.variable_map is not None and self.model is None:
            validation.fail(
                "A map must go with a model of your own.",
                "variable_map without model",
                "Pass model='port.py:build', or leave the map out.",
            )
        for field in ("inputs", "outputs", "labels"):
            value = getattr(self, field)
            names = [value] if isinstance(value, str) else list(value or ())
            if len({full(name) for name in names}) < len(names):
                validation.fail(
                    "A tensor must be named once.", f"{field}={names!r}", "Leave one out."
                )
            object.__setattr__(self, field, names or None)


@dataclasses.dataclass(frozen=True)
class Conversion:
    """Holds the outcome of a conversion.

    `model` is the Keras model, `source` the text of `model.py` (None for a model of the person's
    own), `document` what `conversion.json` holds.
    """

    model: keras.Model
    source: str | None
    document: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Returns whether the model does what the graph does, as far as that was compared."""
        return bool(self.document["passed"])

    def __str__(self) -> str:
        return str(self.document["message"])

    def page(self) -> str:
        """Returns the results as the text of an HTML page.

        Raises:
            ImportError: if a package of the extra `html` is missing.
        """
        extras.require("html")
        from tf_recipes.convert.reports import conversion_page  # needs the extra

        return conversion_page.html(self.document)


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
        output_dir: the folder that will hold `model.keras`, `model.py`, `conversion.json` and,
            where the extra `html` is installed, `conversion.html`; it appears when all of them are
            whole. None writes nothing.
        on_progress: called with a few words at the beginning of each stage.
        **settings: of `Settings`. `inputs` and `outputs` name the tensors that the model takes and
            gives, `labels` those that only the loss takes. `feed` and `eval_feed` are
            `{placeholder: value}` in training and in evaluation. `feeds` are the arrays on which
            model and graph are compared, `{placeholder: array (rows, …)}` or an `.npz` file; None
            makes some. `train_op` and `loss` name what cannot be told. `inference=True` leaves
            training out. `use_ema=True` takes the moving averages of the weights, for predictions
            alone.
            `keep_unknown=True` keeps an operation without a counterpart in a layer that runs it.
            `steps` is the number of training steps that are compared, 0 for none; None means 20,
            or as many as fit into memory. `overwrite=True` replaces a
            folder that a conversion made. `model` is a model of your own that is filled instead,
            `"port.py:build"`, a `.keras` file, a function or a model; it need not be compiled, and
            no training is compared. `variable_map` joins its variables to TF1's, as for `verify`.
            `unsafe=True` loads a `.keras` file that holds Python code.

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
        done = _Conversion(checkpoint, given, on_progress).run()
    if output_dir is not None:
        on_progress("writing")
        output_folder.write(
            output_dir, done.model, done.source, done.document, _page(done), given.overwrite
        )
    return done


def _page(done: Conversion) -> str | None:
    """Returns the text of the page; None where a package that writes it is missing."""
    try:
        return done.page()
    except ImportError:
        return None


class _Conversion:
    """Runs one conversion."""

    def __init__(
        self,
        checkpoint: str | os.PathLike[str],
        settings: Settings,
        on_progress: Callable[[str], object],
    ) -> None:
        self.settings, self.on_progress = settings, on_progress
        self.notes: list[str] = []  # what a person must know of the model
        on_progress("reading the graph")
        self.source: SourceGraph = source_graph.find(
            checkpoint,
            settings.outputs,
            settings.labels,
            settings.train_op,
            settings.loss,
            settings.inference or settings.use_ema,
            [*(settings.inputs or ()), *settings.feed, *settings.eval_feed],
        )
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

    def run(self) -> Conversion:
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
        rows = compared_rows.of(self.source, self.view, self.inputs, labels, self.settings.feeds)
        first = self._first(rows)
        of_graph = self._of_graph(values, first)  # before there is a model: memory holds one
        self.on_progress("building the model")
        model = self._model(code, training, values)
        self.on_progress("comparing predictions")
        predictions = forward_check.compare(of_graph, model, self.inputs, first)
        report, steps = None, self._steps(training)
        if training is not None and steps:
            self.on_progress("comparing training")
            report = training_check.run(
                self.source,
                training,
                code,
                lambda: self._model(code, training, values),
                self.inputs,
                rows,
                {**self._values_of_others(training=True), **self.settings.feed},
                {**self._values_of_others(training=False), **self.settings.eval_feed},
                steps,
            )
        document = conversion_document.build(
            self.source,
            self.view,
            lifted,
            code,
            model,
            predictions,
            report,
            self._notes(lifted, code) + _of_steps(training, steps, self.settings.steps),
        )
        return Conversion(model, code.source(), document)

    def _steps(self, training: Training | None) -> int:
        """Returns how many training steps are compared: 20, or as many as fit into memory."""
        if self.settings.steps is not None or training is None or self.source.structure is None:
            return self.settings.steps or 0
        shapes = checkpoint_values.shapes(self.source.structure).values()
        kept = sum(math.prod(shape) for shape in shapes) * NUMBER * (migration.STARTS + 1)
        return min(STEPS, MOST_KEPT // max(1, kept))

    def _filled(self, model: own_model.Model) -> Conversion:
        """Sets the weights of a person's own model, and compares its predictions."""
        mine, name = own_model.make(model, self.settings.unsafe)
        self.on_progress("reading the variables")
        needed = self.view.variable_shapes()
        values = checkpoint_values.read(self.source.prefix, self.source.graph, needed)
        rows = compared_rows.of(self.source, self.view, self.inputs, (), self.settings.feeds)
        first = self._first(rows)
        of_graph = self._of_graph(values, first)
        self.on_progress("comparing predictions")
        found, predictions = own_model.fill(
            mine, self.view, values, of_graph, self.inputs, first, self.settings.variable_map
        )
        document = conversion_document.of_own_model(
            self.source, self.view, name, mine, found, predictions
        )
        return Conversion(mine, None, document)

    def _first(self, rows: Values) -> Values:
        """Returns the rows on which predictions are compared; a number alone has no rows."""
        few: tuple[Any, Any] = (..., slice(example_rows.ROWS))
        return {name: rows[name][few[min(1, rows[name].ndim)]] for name in self.inputs}

    def _of_graph(self, values: Values, rows: Values) -> forward_check.Expected:
        self.on_progress("running the graph")
        others = self._values_of_others(training=False)
        return forward_check.expected(self.view, values, rows, others)

    def _training(self, lifted: Lifted, values: Values) -> Training | None:
        """Returns how the graph trains; None for predictions alone."""
        if self.source.structure is None:
            return None
        self.on_progress("recognising the training")
        if not self._has_settings():
            return None
        fed = {**self._values_of_others(training=True), **self.settings.feed}
        return compilation.find(self.source.structure, self.view, lifted, values, fed)

    def _has_settings(self) -> bool:
        """Returns whether every placeholder of a number has a value in training.

        Predictions need none: what the value belongs to does nothing in evaluation.

        Raises:
            ValueError: if one has none, and the training is asked for by name.
        """
        names = [name for name, value in self.placeholders.items() if _is_open(value)]
        if not names:
            return True
        rule = "Each placeholder of a number must have a value in training."
        received = f"none for {', '.join(repr(shortened(name, 60)) for name in names[:6])}"
        example = f"feed={dict.fromkeys(names[:6], 0.5)!r}"
        remedy = f"Pass the values of the program, such as {example}"
        if self.settings.train_op or self.settings.loss:
            validation.fail(
                rule, received, f"{remedy}, or convert for predictions alone with inference=True."
            )
        self.source = dataclasses.replace(self.source, structure=None)
        self.notes.append(
            f"The model is not compiled: it makes predictions alone. {rule} Received: {received}. "
            f"{remedy}."
        )
        return False

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
                "use_ema takes a checkpoint with moving averages of the model's variables.",
                f"{self.source.prefix!r}, whose graph has none",
                "Leave use_ema out.",
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

    def _notes(self, lifted: Lifted, code: ModelCode) -> list[str]:
        """Returns what a person must know of the model."""
        nodes: dict[str, list[str]] = {}
        for name, note in lifted.notes.items():
            nodes.setdefault(note, []).append(name)
        notes = [*self.notes, *(f"{_listed(names)}: {note}" for note, names in nodes.items())]
        if code.recursion_limit:
            notes.append(
                "The model is deep. A program that loads model.keras must call "
                f"sys.setrecursionlimit({code.recursion_limit}) first, as model.py does."
            )
        return notes


def _of_steps(training: Training | None, steps: int, asked: int | None) -> list[str]:
    """Returns what a person must know of the comparison of training."""
    if training is None or asked or (asked is None and steps == STEPS):
        return []
    compared = f"{steps} training steps were compared" if steps else "Training was not compared"
    if asked == 0:
        return [f"{compared}, as steps=0 asks."]
    return [
        f"{compared}, since the variables of {STEPS} steps take much memory. Pass "
        f"steps={STEPS} to compare all the same."
    ]


def _listed(names: Sequence[str]) -> str:
    """Returns the first names of nodes, and how many more there are."""
    listed = ", ".join(shortened(name, 60) for name in names[:4])
    return listed + (f" and {len(names) - 4} more" if len(names) > 4 else "")


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
    )


def _title(source: SourceGraph) -> str:
    """Returns the first line of the code: what the model is from, in letters that are harmless."""
    name = "".join(c for c in Path(source.prefix).name if c.isalnum() or c in "._-")[:60]
    return f"Builds the Keras model of the TF1 checkpoint {name}."
