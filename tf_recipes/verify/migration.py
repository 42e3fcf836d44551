"""Verifies a Keras port of a TF1 program: the first place where the port leaves TF1, and why."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tf_recipes._support import validation
from tf_recipes._support.precision import use_float32_products
from tf_recipes.graph.graph_session import GraphSession, Values
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.parity.tf1 import interpreter
from tf_recipes.verify import explanation, report_document
from tf_recipes.verify.bench import (
    arguments,
    attempt,
    kept_results,
    keras_steps,
    recorded_steps,
    reference,
    variable_map,
)
from tf_recipes.verify.bench import feeds as feeds_of_steps
from tf_recipes.verify.bench.keras_model import ModelSource
from tf_recipes.verify.bench.result import Result
from tf_recipes.verify.recording import recording_file
from tf_recipes.verify.recording.recording_file import Recording

INSTALLED, TF1 = "installed", "tf1"  # where TF1's graph runs
STARTS = 8  # starts one ulp away, over which TF1's own drift is taken


@dataclasses.dataclass(frozen=True)
class Settings:
    """Holds what a verification can be told; `verify` documents each.

    All names are those of the graph, with or without `:0`.
    """

    feed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    eval_feed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    train_op: str | Sequence[str] | None = None
    loss: str | None = None
    inputs: Sequence[str] | None = None
    labels: Sequence[str] | None = None
    outputs: Sequence[str] | None = None
    sample_weight: str | None = None
    variable_map: Mapping[str, str] | None = None
    steps: int = 20
    batch_size: int = 50
    seed: int = 0
    starts: int = STARTS
    reference: str = INSTALLED
    tf1_python: str | None = None
    explain: bool = True
    cache: bool | str | os.PathLike[str] = True
    unsafe: bool = False


@dataclasses.dataclass(frozen=True)
class Report:
    """Holds the outcome of a verification; `document` is what the JSON file has."""

    document: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Returns whether the port matches."""
        return bool(self.document["passed"])

    @property
    def first_failure(self) -> Mapping[str, Any] | None:
        """Returns the first difference: its stage, step, name and ratio; None for a match."""
        failure: Mapping[str, Any] | None = self.document["first_failure"]
        return failure

    @property
    def reasons(self) -> Sequence[Mapping[str, Any]]:
        """Returns the substitutions that remove the difference, best first."""
        reasons: Sequence[Mapping[str, Any]] = self.document["reasons"]
        return reasons

    @property
    def exit_status(self) -> int:
        """Returns the status with which the command ends, a key of `statuses.STATUSES`."""
        if self.document["verdict"] == "not judged":
            return 2
        return 0 if self.passed else 1

    def __str__(self) -> str:
        return str(self.document["message"])


def verify(
    model: str | os.PathLike[str] | Callable[[], keras.Model] | keras.Model,
    checkpoint: str | os.PathLike[str],
    feeds: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    on_step: Callable[[], object] = lambda: None,
    **settings: Any,
) -> Report:
    """Verifies that a Keras model does what a TF1 graph does, in prediction and in training.

    The graph of the checkpoint's `.meta` file runs in the installed TensorFlow. The model gets the
    checkpoint's weights and optimizer state, predicts the same rows and takes the same training
    steps, with the masks that dropout drew in TF1. Each number is judged by how far TF1 drifts
    from itself when its weights start one ulp away. The model matches while it is at most 10 times
    as far. `docs/verify.md` has an example, and says what a match does not prove.

    TF1: there was no such tool; TensorFlow's guide compares one forward pass by hand.

    Args:
        model: `"port.py:build"`, the path of a `.keras` file, a function that returns a compiled
            model, or a compiled model.
        checkpoint: the prefix that `tf.train.Saver` wrote, its folder, the folder of a SavedModel
            that holds a training graph, or a recording of `tf1_recording.py`, an `.npz` file.
        feeds: `{placeholder: array (rows, …)}`, or the path of an `.npz` file of such arrays; None
            for a recording, which has its own batches.
        on_step: called after each of TF1's training steps, for a progress bar.
        **settings: of `Settings`. `feed` and `eval_feed` are `{placeholder: value}` in training
            and in evaluation; a placeholder with a default keeps it without. `train_op`, `loss`,
            `inputs`, `labels`, `outputs` and `sample_weight` name what cannot be told from the
            graph. `variable_map` is `{TF1's variable: path of the Keras variable}`. `steps`,
            `batch_size` (rows) and `seed` set the training, `starts` the number of starts one ulp
            away, and `explain=False` leaves out the search for reasons. `reference="tf1"` runs the
            graph on real TF 1.15, with `tf1_python` or the environment that
            `tf-recipes create-tf1-environment` made.
            What TF1 did is kept in the user's cache, so that a run after a mend takes less time;
            `cache=False` keeps nothing, and `cache=FOLDER` keeps it there. `unsafe=True` loads a
            `.keras` file that holds Python code, such as a Lambda layer.

    Returns:
        A `Report`.

    Raises:
        ValueError: if something cannot be judged: a file is damaged, a placeholder has no value, a
            name is not in the graph.
        TypeError: for an unknown setting.

    References:
        Higham, "Accuracy and Stability of Numerical Algorithms", 2002, on perturbed starts.
    """
    given = Settings(**settings)
    _check(given)
    source = ModelSource(model, given.unsafe)
    with use_float32_products():
        if os.fspath(checkpoint).endswith(".npz"):
            return _of_recording(source, checkpoint, feeds, given, on_step)
        if feeds is None:
            validation.fail(
                "A checkpoint has no batches, so feeds must give them.",
                "feeds=None",
                "Pass feeds={placeholder: array}, or the path of an .npz file of arrays.",
            )
        kind, graph, path = reference.open_files(checkpoint)
        structure = Structure(graph, given.train_op, given.loss)
        arrays = feeds if isinstance(feeds, Mapping) else feeds_of_steps.read(feeds)
        tf1 = TF1Side(kind, path, structure, arrays, lambda session: session.restore(path))
        return _Verification(source, tf1, given, on_step).run()


def _of_recording(
    source: ModelSource,
    path: str | os.PathLike[str],
    feeds: Any,
    given: Settings,
    on_step: Callable[[], object],
) -> Report:
    """Verifies a model beside a recording."""
    if feeds is not None or given.feed:
        validation.fail(
            "A recording has its own batches.",
            "feeds or feed with a recording",
            "Leave feeds and feed out; eval_feed sets the placeholders of the evaluation.",
        )
    recorded = recording_file.read(path)
    structure = recorded_steps.structure(recorded, recorded_steps.graph(recorded), given.loss)
    tf1 = TF1Side(
        "recording",
        os.fspath(path),
        structure,
        recorded_steps.arrays(recorded),
        functools.partial(recorded_steps.start, recorded),
        recorded,
    )
    return _Verification(source, tf1, given, on_step).run()


@dataclasses.dataclass(frozen=True)
class TF1Side:
    """Holds what a verification needs of a checkpoint or a recording.

    `arrays` are those with the rows of a batch or of a pool, and `start` sets the variables of a
    session and returns their values.
    """

    kind: str
    path: str
    structure: Structure
    arrays: Mapping[str, Any]
    start: Callable[[GraphSession], Values]
    recording: Recording | None = None


def assert_migrated(
    model: Any, checkpoint: str | os.PathLike[str], feeds: Any = None, **settings: Any
) -> None:
    """Checks that a port matches its TF1 graph; for a test that keeps a port proven.

    TF1: the graph of the checkpoint.

    Args:
        model: as for `verify`.
        checkpoint: as for `verify`.
        feeds: as for `verify`.
        **settings: as for `verify`.

    Raises:
        AssertionError: if the port differs; the text has the first difference and the reasons.
        ValueError: if nothing can be judged.
    """
    report = verify(model, checkpoint, feeds, **settings)
    if not report.passed:
        reasons = "".join(f"\n  {each['text']}" for each in report.reasons)
        raise AssertionError(f"{report}{reasons}")


class _Verification:
    """Runs one verification."""

    def __init__(
        self,
        source: ModelSource,
        tf1: TF1Side,
        settings: Settings,
        on_step: Callable[[], object],
    ) -> None:
        self.source, self.settings, self.tf1 = source, settings, tf1
        structure, arrays = tf1.structure, tf1.arrays
        model = source.make()
        self._build_by_call = not model.built
        self._followed = False
        fed = [n for n, a in arrays.items() if getattr(a, "ndim", 0) > 0 and n not in settings.feed]
        self.arguments = arguments.find(
            structure,
            model,
            [n if ":" in n else f"{n}:0" for n in fed if node_of(n) in structure.nodes],
            settings.inputs,
            settings.labels,
            settings.sample_weight,
        )
        recorded = tf1.recording
        between = recorded_steps.between(recorded) if recorded else {}
        self.reference = reference.Reference(
            structure,
            self.arguments,
            tf1.start,
            settings.outputs,
            between,
            self._python(),
            arrays,
        )
        self.model = model
        try:
            self._compute(settings, arrays, on_step)
        except BaseException:
            self.reference.session.close()
            raise

    def _compute(
        self, settings: Settings, arrays: Mapping[str, Any], on_step: Callable[[], object]
    ) -> None:
        """Makes the feeds, and runs the forward pass of TF1."""
        recorded = self.tf1.recording
        self.feeds = (
            recorded_steps.RecordedFeeds(recorded, settings.eval_feed, settings.steps)
            if recorded
            else feeds_of_steps.make(
                self.reference.session,
                arrays,
                settings.feed,
                settings.eval_feed,
                settings.steps,
                settings.batch_size,
                settings.seed,
            )
        )
        folder = kept_results.folder_of(settings.cache)
        self.bench = attempt.Bench(
            self.reference,
            self.feeds,
            settings.starts,
            settings.seed,
            on_step,
            kept_results.KeptResults(folder) if folder else None,
        )

    def _python(self) -> str | None:
        """Returns the Python of TF 1.15 where the graph is to run there."""
        if self.settings.reference == INSTALLED:
            return None
        return str(interpreter.check(self.settings.tf1_python))

    def run(self) -> Report:
        """Judges the forward pass, the training, and the reasons of a difference.

        The session is closed at the end, so that a verification runs once.
        """
        try:
            return self._run()
        finally:
            self.reference.session.close()

    def _run(self) -> Report:
        self._build(self.model)
        result = self.judge(self.model, self.map(self.model))
        lines = dict(self.source.lines)
        reasons: list[dict[str, Any]] = []
        if self.settings.explain and not result.passed and result.judged:
            reasons = explanation.find(result, self.copy, self.map, self.judge, lines.get)
        return Report(report_document.build(result, reasons))

    def judge(
        self, model: keras.Model, found: variable_map.Map, with_layers: bool = True
    ) -> Result:
        """Judges a built model with its map; without its layers, in less time."""
        found.assign(self.reference.initial)
        outputs = self.bench.outputs(model)
        if not all(each.judged.passed for each in outputs):
            found, outputs = self._settle(model, found, outputs)
        layers = self.bench.layers(model) if with_layers else ()
        training = None
        if all(each.judged.passed for each in outputs) and found.complete:
            training = self.bench.train(model, found, outputs)
            self._check_followed(found, outputs)
        return Result(
            source=self.source,
            kind=self.tf1.kind,
            path=self.tf1.path,
            bench=self.bench,
            settings=self.settings,
            model=model,
            found=found,
            outputs=outputs,
            layers=layers,
            training=training,
        )

    def _check_followed(
        self, found: variable_map.Map, outputs: Sequence[attempt.OutputResult]
    ) -> None:
        """Checks, once, that the graph here does what a recording says."""
        if self.tf1.recording is not None and not self._followed:
            steps = self.bench.steps([each.tensor for each in outputs])
            names = [link.tf1 for link in found.links]
            recorded_steps.check_followed(self.tf1.recording, steps, names)
            self._followed = True

    def copy(self) -> tuple[keras.Model, variable_map.Map]:
        """Returns a new model and its map."""
        model = self.source.make()
        self._build(model)
        return model, self.map(model)

    def map(self, model: keras.Model) -> variable_map.Map:
        """Returns the map of the variables of a model."""
        return variable_map.find(
            self.reference.roles.weights,
            model,
            self.settings.variable_map,
            self.reference.roles.forget_biases,
        )

    def _build(self, model: keras.Model) -> None:
        """Builds a model that has no variables before its first call."""
        if not model.built or self._build_by_call:
            keras_steps.predict(model, self.arguments.x(model, self.feeds.evaluate()))

    def _settle(
        self,
        model: keras.Model,
        found: variable_map.Map,
        outputs: list[attempt.OutputResult],
    ) -> tuple[variable_map.Map, list[attempt.OutputResult]]:
        """Tries other orders of kernels of one shape, and keeps one with which the model predicts.

        Values settle what names do not tell; where no order predicts as TF1, the order of use
        stays.
        """
        for other in variable_map.permutations(found):
            other.assign(self.reference.initial)
            again = self.bench.outputs(model)
            if all(each.judged.passed for each in again):
                return other, again
        found.assign(self.reference.initial)
        return found, outputs


def _check(settings: Settings) -> None:
    """Checks the numbers of the settings."""
    validation.choice("reference", settings.reference, (INSTALLED, TF1))
    for name, low in (("steps", 1), ("batch_size", 1), ("seed", 0), ("starts", 8)):
        validation.whole(name, getattr(settings, name), low)
