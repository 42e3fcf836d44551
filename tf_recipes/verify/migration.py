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
from tf_recipes.graph import checkpoint_values
from tf_recipes.graph.graph_session import GraphSession
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench import feeds as feeds_of_steps
from tf_recipes.verify.bench import recorded_steps, reference
from tf_recipes.verify.bench.keras_model import ModelSource
from tf_recipes.verify.recording import recording_file
from tf_recipes.verify.settings import Settings
from tf_recipes.verify.verification import TF1Side, Verification


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
    given.check()
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
        return Report(Verification(source, tf1, given, on_step).run())


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
    return Report(Verification(source, tf1, given, on_step).run())


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
