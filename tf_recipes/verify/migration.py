"""Verifies a Keras port of a TF1 program: the first place where the port leaves TF1, and why."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras

from tf_recipes._support import validation
from tf_recipes._support.precision import use_float32_products
from tf_recipes._support.visible import shortened
from tf_recipes.graph import checkpoint_values
from tf_recipes.graph.graph_session import GraphSession
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.parity.tf1 import interpreter
from tf_recipes.verify import explanation, report_document
from tf_recipes.verify.bench import (
    arguments,
    attempt,
    dropout_off,
    kept_results,
    keras_steps,
    map_orders,
    recorded_steps,
    recurrent_cells,
    reference,
    variable_map,
)
from tf_recipes.verify.bench import feeds as feeds_of_steps
from tf_recipes.verify.bench.keras_model import ModelSource
from tf_recipes.verify.bench.result import Result
from tf_recipes.verify.recording import recording_file
from tf_recipes.verify.recording.recording_file import Recording

INSTALLED, TF1 = "installed", "tf1"  # where TF1's graph runs
_TRAINED = 6  # maps that predict as TF1, with which a model that differs is trained again
_PART = re.compile(r"/part_\d+$")  # of a variable that a partitioner cut
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
        AmbiguousMap: a ValueError, if variables of one shape may belong together in several ways,
            no name or place in the graph tells which, and the port predicts as TF1 in none.
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
        tf1 = TF1Side(kind, path, structure, arrays, functools.partial(_restored, path))
        return _Verification(source, tf1, given, on_step).run()


def _restored(path: str, session: GraphSession) -> Mapping[str, Any]:
    """Restores the variables of a session; returns their values, the large ones in the file."""
    values = session.restore(path)
    return checkpoint_values.large_in_file(values, path, session.structure.graph)


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
    start: Callable[[GraphSession], Mapping[str, Any]]
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
        _check_whole(structure)
        model = source.make()
        self._build_by_call = not model.built
        self._followed = False
        fed = {
            (full(name)): array
            for name, array in arrays.items()
            if getattr(array, "ndim", 0) > 0 and name not in settings.feed
        }
        self.arguments = arguments.find(
            structure,
            model,
            {name: array for name, array in fed.items() if node_of(name) in structure.nodes},
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
        session = self.reference.session
        session.assign(self.reference.initial)
        self.feeds = self.feeds.in_evaluation(dropout_off.masks(session, self.feeds.evaluate()))
        layers = recurrent_cells.layers_in(self.model)
        if any(isinstance(each, keras.layers.GaussianNoise) for each in layers):
            self.feeds = feeds_of_steps.without_noise(session, self.feeds)
        folder = kept_results.folder_of(settings.cache)
        self.bench = attempt.Bench(
            self.reference,
            self.feeds,
            settings.starts,
            settings.seed,
            on_step,
            kept_results.KeptResults(folder) if folder else None,
            keep_variables=settings.explain,
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
        result = self._judge_with_inputs()
        lines = dict(self.source.lines)
        reasons: list[dict[str, Any]] = []
        if self.settings.explain and not result.passed and result.judged:
            reasons, mended = explanation.find(result, self.copy, self.map, self.judge, lines.get)
            if result.guessed and mended is not None:
                # the values of a mended copy tell which map is right
                found = map_orders.transferred(
                    result.found, result.model, mended.found, mended.model
                )
                if found is not None:
                    result = self.judge(result.model, found)
                    reasons, _ = explanation.find(
                        result, self.copy, self.map, self.judge, lines.get
                    )
        if result.guessed:
            _refuse_guess(result)
        return Report(report_document.build(result, reasons))

    def _judge_with_inputs(self) -> Result:
        """Judges the port, with its inputs in the order with which it predicts as TF1."""
        result = self.judge(self.model, self.map(self.model))
        if result.predicts or not self.arguments.guessed or not result.found.complete:
            return result
        first, fitting = self.arguments, 0
        for each in self.arguments.other_orders():
            self.reference.arguments = each
            with contextlib.suppress(ValueError):  # rows of another shape
                again = self.judge(self.model, self.map(self.model))
                fitting += 1
                if again.predicts:
                    self.arguments = each
                    return again
        if not fitting:  # the shapes tell
            self.reference.arguments = first
            return result
        names = ", ".join(repr(self.arguments.inputs[k]) for k in self.arguments.guessed[:8])
        return validation.fail(
            "Names or equal predictions must tell which input of the model takes which array.",
            f"{names}; the predictions differ in every order",
            "Name the arrays in the order of the model's inputs with inputs=[...].",
        )

    def judge(
        self, model: keras.Model, found: variable_map.Map, with_layers: bool = True
    ) -> Result:
        """Judges a built model with its map; without its layers, in less time.

        Where names and shapes permit several maps, the place of each variable in the graph tells
        which one is right, or the values do: the map with which the model predicts as TF1. Of
        several such maps the one is taken with which it trains as TF1. What is told by neither is
        a guess.
        """
        result = self._judge(model, found, with_layers)
        if result.passed or found.settled or not map_orders.groups(found):
            return result
        x = self.bench.x(model, self.feeds.evaluate())
        of_use = map_orders.by_use(found, self.reference.roles, model, self.arguments.inputs, x)
        if of_use is not None:
            if of_use.same_pairs(found):
                return dataclasses.replace(result, found=of_use)
            as_used = self._judge(model, of_use, with_layers)
            return result if result.predicts and not as_used.predicts else as_used
        tried = int(result.predicts)
        for other in map_orders.permutations(found):
            if tried > _TRAINED:
                break
            other.assign(self.reference.initial)
            if all(each.judged.passed for each in self.bench.outputs(model)):
                tried += 1
                again = self._judge(model, other, with_layers)
                if again.passed:
                    return again
                if not result.predicts:
                    result = again
        untried = tried > _TRAINED or map_orders.count(found) > map_orders.MOST
        if result.predicts and not untried:  # it differs with every map that predicts as TF1
            return result
        guess = dataclasses.replace(result.found, guessed=True)
        return dataclasses.replace(result, found=guess)

    def _judge(self, model: keras.Model, found: variable_map.Map, with_layers: bool) -> Result:
        """Judges a model with one map."""
        found.assign(self.reference.initial)
        outputs = self.bench.outputs(model)
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


class AmbiguousMap(ValueError):
    """Says that nothing tells which variables belong together.

    `pairs` are the rows of a map to begin with, as in the results' `map`.
    """

    def __init__(self, text: str, pairs: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(text)
        self.pairs = pairs


def _refuse_guess(result: Result) -> None:
    """Refuses a map that neither names, nor the graph, nor values tell."""
    group = max(map_orders.groups(result.found), key=len)

    def listed(names: Iterable[str]) -> str:
        known = [repr(shortened(name, 60)) for name in names]
        more = f" and {len(known) - 4} more" if len(known) > 4 else ""
        return ", ".join(known[:4]) + more

    theirs = [next(iter(unit.tf1.values())) for unit in group]
    ours = [next(iter(unit.keras.values())) for unit in group]
    what = "predictions" if not result.predicts else "training"
    try:
        validation.fail(
            "Names, the graph or equal predictions must tell which variables belong together.",
            f"{listed(theirs)} of TF1 and {listed(each.path for each in ours)} of the model, all "
            f"of shape {tuple(ours[0].shape)}; the {what} differs in every order that was tried",
            "Write a map to begin with by write_map=FILE, correct its pairs, and pass it by "
            "map=FILE; in Python pass variable_map={TF1's variable: path}.",
        )
    except ValueError as error:
        raise AmbiguousMap(str(error), report_document.map_rows(result)) from None


def _check_whole(structure: Structure) -> None:
    """Checks that no variable of a graph lies in parts, as a partitioner cuts them."""
    parts = [name for name in structure.variables if _PART.search(name)]
    whole = Counter(_PART.sub("", name) for name in parts)
    if any(count > 1 for count in whole.values()):
        name, count = whole.most_common(1)[0]
        validation.fail(
            "Each variable of the graph must be in one piece.",
            f"{shortened(name, 80)!r} in {count} parts",
            "Build the graph of the program once more without its partitioner, restore the "
            "checkpoint into it, which holds each variable as a whole, and save it anew.",
        )


def _check(settings: Settings) -> None:
    """Checks the numbers of the settings."""
    validation.choice("reference", settings.reference, (INSTALLED, TF1))
    for name, low in (("steps", 1), ("batch_size", 1), ("seed", 0), ("starts", 8)):
        validation.whole(name, getattr(settings, name), low)
