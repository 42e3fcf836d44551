"""Holds the TF1 side of a verification: the graph, its start, and what its steps did."""

from __future__ import annotations

import dataclasses
import functools
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph import meta_graph, neighbours, trajectory
from tf_recipes.graph.graph_session import GraphSession, Values, touches
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.roles import Roles
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.training_step import WRITES
from tf_recipes.parity.comparison import LIMIT, Yardstick, relative_drift
from tf_recipes.verify.bench.arguments import Arguments
from tf_recipes.verify.bench.feeds import Feeds
from tf_recipes.verify.bench.variable_drift import VariableDrift

_ROUNDING = 1e-5  # a relative difference of losses that roundings can make
FAR = round(LIMIT)  # ulps between TF1's start and those that are as far as a port may be
NOISE = 0.1  # a change that differs by more than this share one ulp away is noise


@dataclasses.dataclass(frozen=True)
class Sensitivity:
    """Holds how far TF1's training drifts from itself when it starts a little away.

    `variables` is `{variable: drift}` for each step, `losses` (steps,), `outputs` is
    `{tensor: drift}` after the last step.
    """

    variables: Sequence[Mapping[str, float]]
    losses: NDArray[Any]
    outputs: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class Steps:
    """Holds what TF1's training did, and how far it drifts from itself, one ulp away.

    `noise` are the variables whose change is nothing but roundings, such as a bias before batch
    norm.
    """

    run: trajectory.Trajectory
    sensitivity: Sensitivity
    noise: frozenset[str]


def open_files(path: str | os.PathLike[str]) -> tuple[str, meta_graph.MetaGraph, str]:
    """Returns the kind, the graph and the prefix of the variables' files.

    Args:
        path: a checkpoint's prefix, its folder or one of its files, or the folder of a SavedModel.

    Raises:
        ValueError: if there is no checkpoint or no graph beside it.
    """
    if Path(path, "saved_model.pb").is_file():
        return "saved_model", meta_graph.read(path), str(Path(path, "variables", "variables"))
    found = prefix(path)
    return "checkpoint", meta_graph.read(f"{found}.meta"), found


def prefix(path: str | os.PathLike[str]) -> str:
    """Returns a checkpoint's prefix, for the prefix itself, its folder or one of its files."""
    text = os.fspath(path)
    for end in (".meta", ".index"):
        text = text.removesuffix(end)
    if Path(text).is_dir():
        latest = tf.train.latest_checkpoint(text)
        found = sorted(Path(text).glob("*.meta"))
        if latest is None and len(found) == 1:
            latest = str(found[0]).removesuffix(".meta")
        if latest is None:
            validation.fail(
                "A folder must hold a checkpoint.",
                f"{text!r} with {len(found)} .meta files and no state file",
                "Pass the prefix, such as FOLDER/model.ckpt.",
            )
        # the state file of a folder that was copied still names the old place
        here = Path(text, Path(latest).name)
        text = str(here) if Path(f"{here}.meta").is_file() else latest
    if not Path(f"{text}.meta").is_file():
        validation.fail(
            "A checkpoint must have its graph beside it, PREFIX.meta.",
            f"no {text + '.meta'!r}",
            "Save it with tf.train.Saver().save(session, PREFIX), or copy the .meta file, too.",
        )
    return text


class Reference:
    """Runs the TF1 graph as often as a verification needs.

    Args:
        structure: the `Structure` of the graph.
        arguments: the tensors that the model takes, by `arguments.find`.
        start: returns the variables' values at the start, for a session with the graph.
        between: `{step: operations}` that the program runs after a step.
        python: a Python with TensorFlow 1.15 that runs the graph; None runs it in this process.
        outputs: tensors of the predictions, or None to find them.
        fed: the tensors that every run is fed.

    Raises:
        ValueError: if the graph cannot run here, or the checkpoint is not its own.
    """

    def __init__(
        self,
        structure: Structure,
        arguments: Arguments,
        start: Callable[[GraphSession], Mapping[str, NDArray[Any]]],
        outputs: Sequence[str] | None = None,
        between: Mapping[int, Sequence[str]] = types.MappingProxyType({}),
        python: str | None = None,
        fed: Iterable[str] = (),
    ) -> None:
        self.structure, self.arguments, self.between = structure, arguments, between
        # an autoencoder's label is an input, too, and the predictions depend on it
        labels = [each for each in arguments.labels if each not in arguments.inputs]
        candidates = structure.candidates(arguments.inputs, labels)
        fed = list(fed)
        given = {node_of(name) for name in fed}
        apart = {n for n, node in structure.nodes.items() if touches(node.op) and n not in given}
        apart = structure.descendants(apart, set(structure.nodes))
        asked = [node_of(name) for name in outputs or ()]
        output = structure.output(arguments.inputs, labels)
        apart |= _writing(structure, asked or ([output] if output else []))
        usable = [n for n in candidates if _runs(structure, n) and n not in apart]
        after = [operation for each in between.values() for operation in each]
        self.session = GraphSession(structure, [*usable, *asked, *after], python, fed)
        self.candidates = [
            tensor
            for name in dict.fromkeys([*usable, *asked])
            for tensor in self.session.outputs_of(name)
            if self.session.dtype_of(tensor) in ("float32", "float64", "float16")
        ]
        self.asked = [full(t) for t in outputs or ()]
        self.output = self.asked[0] if self.asked else (f"{output}:0" if output else None)
        self.initial = start(self.session)
        _check_finite(self.initial)
        self.shapes = {name: value.shape for name, value in self.initial.items()}
        self.roles = Roles(self.session, self.shapes, self.output)
        self.drift = VariableDrift(self.roles.added_to)

    @functools.cached_property
    def moved(self) -> list[str]:
        """Returns the variables that a start one ulp away moves: the trained weights."""
        return [each.name for each in self.roles.weights if each.trained]

    @functools.cached_property
    def kinds(self) -> dict[str, str]:
        """Returns `{variable: what it is}`: a weight, a slot of one role or a moving average."""
        slots = {slot: role for slot, (_, role) in self.roles.slots.items()}
        weights = dict.fromkeys(self.moved, "weight")
        return dict.fromkeys(self.initial, "moving average") | slots | weights

    def fresh(self, slot: str) -> NDArray[Any] | None:
        """Returns the value that the initializer of a slot gives, or None if it gives none."""
        return self.session.initial_values([slot]).get(slot)

    def forward(self, feeds: Feeds) -> Values:
        """Returns the value of every tensor that may be the model's, in evaluation.

        Raises:
            ValueError: if the predictions need a placeholder that has no value in evaluation.
        """
        structure, fed = self.structure, feeds.evaluate()
        open_ones = {
            name
            for name, node in structure.nodes.items()
            if node.op in ("Placeholder", "PlaceholderV2") and f"{name}:0" not in fed
        }
        after = structure.descendants(open_ones, set(structure.nodes))
        for tensor in [*self.asked, self.output]:
            if tensor is not None and node_of(tensor) in after:
                needed = structure.ancestors([node_of(tensor)], control=False) & open_ones
                missing = sorted(needed)[0]
                validation.fail(
                    "Every placeholder of the predictions must have a value in evaluation.",
                    f"none for {missing!r}",
                    f"Set it with eval_feed={{{missing!r}: VALUE}}, such as 1.0 for a share to "
                    "keep and False for a training flag.",
                )
        self.candidates = [each for each in self.candidates if node_of(each) not in after]
        self.session.assign(self.initial)
        return dict(self.session.run({n: n for n in self.candidates}, feeds.evaluate()))

    def forward_sensitivity(
        self, feeds: Feeds, values: Values, starts: int, seed: int
    ) -> dict[str, float]:
        """Returns how far each tensor of `forward` drifts when the weights move by one ulp."""
        largest = dict.fromkeys(values, 0.0)
        yardsticks = {name: Yardstick(value) for name, value in values.items()}
        for start in neighbours.starts(self.initial, self.moved, starts, seed):
            self.session.assign(start)
            got = self.session.run({name: name for name in values}, feeds.evaluate())
            for name, value in got.items():
                drift = yardsticks[name].drift(value)
                # an infinite drift, of what is zero elsewhere, must not loosen anything
                if np.isfinite(drift):
                    largest[name] = max(largest[name], drift)
        return largest

    def steps(
        self,
        feeds: Feeds,
        evaluated: Sequence[str],
        starts: int,
        seed: int,
        on_step: Callable[[], object] = lambda: None,
    ) -> Steps:
        """Trains from the checkpoint, and from starts one ulp away.

        Raises:
            ValueError: if TF1's own training gives NaN or infinity, or depends on random numbers
                that cannot be read.
        """
        given = [feeds.step(k) for k in range(len(feeds.rows))]
        run = trajectory.train(
            self.session,
            self.initial,
            given,
            evaluated,
            feeds.evaluate(),
            between=self.between,
            on_step=on_step,
        )
        last = {**run.variables[-1], "the loss": run.losses}
        _check_finite(last)
        self._check_draws(run, given)
        noise: set[str] = set()

        def find_noise(step: int, values: Values, start: Mapping[str, NDArray[Any]]) -> None:
            if step == 0:
                noise.update(self._noise(run.variables[0], values, start))

        near = neighbours.starts(self.initial, self.moved, starts, seed)
        sensitivity = self._sensitivity(
            run, near, feeds, evaluated, len(given), on_step, find_noise
        )
        return Steps(run, sensitivity, frozenset(noise))

    def farther_sensitivity(
        self,
        run: trajectory.Trajectory,
        feeds: Feeds,
        evaluated: Sequence[str],
        starts: int,
        seed: int,
        count: int,
        on_step: Callable[[], object] = lambda: None,
    ) -> Sensitivity:
        """Returns how far TF1 drifts from itself from starts as far away as a port may be.

        A port matches while it is `comparison.LIMIT` times as far from TF1 as a start one ulp away
        is. So these starts are so many ulps away. Where TF1's numbers are smooth, they drift about
        so many times as far.

        Args:
            run: TF1's own training.
            feeds: the feeds of its steps.
            evaluated: the tensors of the outputs.
            starts: the number of starts.
            seed: the seed of their directions.
            count: how many steps they take.
            on_step: called after each step.
        """
        far = neighbours.starts(self.initial, self.moved, starts, seed, FAR)
        return self._sensitivity(run, far, feeds, evaluated, count, on_step)

    def _sensitivity(
        self,
        run: trajectory.Trajectory,
        starts: Iterable[Mapping[str, NDArray[Any]]],
        feeds: Feeds,
        evaluated: Sequence[str],
        count: int,
        on_step: Callable[[], object],
        look: Callable[[int, Values, Mapping[str, NDArray[Any]]], object] | None = None,
    ) -> Sensitivity:
        """Trains from other starts, and returns the largest drifts from a run of TF1.

        Args:
            run: the run, of at least `count` steps.
            starts: the values of the variables at each start.
            feeds: the feeds of the steps.
            evaluated: tensors to evaluate after the last step of the run.
            count: how many steps are taken.
            on_step: called after each step.
            look: takes each step, counted from 0, the variables after it, and the start.
        """
        given = [feeds.step(k) for k in range(count)]
        asked = evaluated if count == len(run.losses) else []
        watched = [name for name, value in self.initial.items() if value.dtype.kind == "f"]
        drifts = [
            {name: self.drift.to(name, step[name]) for name in watched}
            for step in run.variables[:count]
        ]
        variables = [dict.fromkeys(watched, 0.0) for _ in given]
        losses, outputs = np.zeros(count), dict.fromkeys(asked, 0.0)
        for start in starts:

            def compare(step: int, values: Values, start: Mapping[str, Any] = start) -> None:
                for name in watched:
                    drift = drifts[step][name](values[name])
                    variables[step][name] = float(np.fmax(variables[step][name], drift))
                if look is not None:
                    look(step, values, start)

            other = trajectory.train(
                self.session,
                start,
                given,
                asked,
                feeds.evaluate(),
                run.drawn,
                self.between,
                on_step,
                compare,
            )
            losses = np.fmax(losses, losses_drift(other.losses, run.losses[:count]))
            for name in asked:
                drift = relative_drift(other.outputs[name], run.outputs[name])
                outputs[name] = float(np.fmax(outputs[name], drift))
        return Sensitivity(variables, losses, outputs)

    def _check_draws(self, run: trajectory.Trajectory, given: Sequence[Mapping[str, Any]]) -> None:
        """Checks that what is drawn unseen, inside a loop, has no influence.

        A second run of the same steps draws other numbers there, and must give the same losses.
        """
        hidden = self.structure.hidden_draws
        if not hidden:
            return
        again = trajectory.train(
            self.session, self.initial, given, drawn=run.drawn, between=self.between
        )
        if not losses_drift(again.losses, run.losses).max() <= _ROUNDING:
            validation.fail(
                "Each random number of a step must be readable.",
                f"{shortened(hidden[0], 80)!r}, drawn inside a loop or a function; two runs of the "
                "same steps differ",
                "Set keep_prob to 1 there, in feed or for the recording, and verify dropout apart.",
            )

    def _noise(self, first: Values, other: Values, start: Mapping[str, NDArray[Any]]) -> set[str]:
        """Returns the variables whose first change is another one when the start moves an ulp.

        Args:
            first: the variables after the first step.
            other: the same from the other start.
            start: that start.
        """
        found = set()
        for name in self.moved:
            size = largest = ulp = 0.0
            arrays = first[name], self.initial[name], other[name], start[name]
            for after, before, moved, moved_before in neighbours.blocks(*arrays):
                change = after.astype("f8") - before
                size = np.maximum(size, np.abs(change).max())
                changes = moved.astype("f8") - moved_before - change
                largest = np.maximum(largest, np.abs(changes).max())
                ulp = max(ulp, float(np.abs(np.spacing(before)).max()))
            if size > 0 and largest > max(NOISE * size, 4 * ulp):
                found.add(name)
        slots = {s for s, (owner, _) in self.roles.slots.items() if owner in found}
        return found | slots | {s for s, owner in self.roles.shadows.items() if owner in found}


def losses_drift(value: NDArray[Any], reference: NDArray[Any]) -> NDArray[Any]:
    """Returns the relative drift of each loss."""
    scale = np.maximum(np.abs(reference), np.finfo("f4").tiny)
    return np.asarray(np.abs(value - reference) / scale)


def _check_finite(values: Mapping[str, NDArray[Any]]) -> None:
    for name, value in values.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            validation.fail(
                "TF1's own numbers must be finite.",
                f"NaN or infinity in {name!r}",
                "Pass a checkpoint or feeds with which the TF1 program itself trains.",
            )


def _writing(structure: Structure, outputs: Sequence[str]) -> set[str]:
    """Returns the nodes that change a variable, or need that, where the outputs do not.

    Some of them depend on the inputs, such as the new value of a moving average. To read one would
    change what other nodes read at the same time.
    """
    needed = structure.ancestors(outputs)
    writes = {n for n, node in structure.nodes.items() if WRITES.match(node.op)} - needed
    return structure.dependents(writes)


def _runs(structure: Structure, name: str) -> bool:
    op = structure.nodes[name].op
    return hasattr(tf.raw_ops, op) and not op.endswith("Summary") and op != "Print"
