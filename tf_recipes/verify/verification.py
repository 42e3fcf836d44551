"""Runs one verification: the map, the forward pass, the training, and the reasons."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph.graph_session import GraphSession
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.parity.tf1 import interpreter
from tf_recipes.verify import ambiguous_map, explanation, report_document
from tf_recipes.verify.bench import (
    arguments,
    attempt,
    dropout_off,
    kept_results,
    keras_forward,
    map_orders,
    recorded_steps,
    recurrent_cells,
    reference,
    variable_map,
)
from tf_recipes.verify.bench import feeds as feeds_of_steps
from tf_recipes.verify.bench.keras_model import ModelSource
from tf_recipes.verify.bench.result import Result
from tf_recipes.verify.recording.recording_file import Recording
from tf_recipes.verify.settings import INSTALLED, Settings

_TRAINED = 6  # maps that predict as TF1, with which a model that differs is trained again
_PART = re.compile(r"/part_\d+$")  # of a variable that a partitioner cut


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


class Verification:
    """Runs one verification.

    Args:
        source: what makes the port.
        tf1: the TF1 side.
        settings: what was told.
        on_step: called after each of TF1's training steps.

    Raises:
        ValueError: if the port or the graph cannot be run.
    """

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

    def run(self) -> dict[str, Any]:
        """Judges the forward pass, the training, and the reasons of a difference.

        The session is closed at the end, so that a verification runs once.

        Returns:
            The results, as `report_document` makes them.
        """
        try:
            return self._run()
        finally:
            self.reference.session.close()

    def _run(self) -> dict[str, Any]:
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
            ambiguous_map.refuse(result)
        return report_document.build(result, reasons)

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
        if model.built and not self._build_by_call:
            return
        given = self.feeds.evaluate()
        try:
            keras_forward.predict(model, self.arguments.x(model, given))
        except ValueError:
            if arguments.is_symbolic(model) or self.arguments.keyed:
                raise
            keyed = self.arguments.in_a_dict()
            with contextlib.suppress(ValueError):  # the first error says more
                keras_forward.predict(model, keyed.x(model, given))
                self.arguments = self.reference.arguments = keyed
                return
            raise


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
