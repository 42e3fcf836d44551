"""Holds one Keras model beside TF1: its map, its forward pass and its training, judged."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes.graph.nodes import node_of
from tf_recipes.parity.comparison import LIMIT, relative_drift
from tf_recipes.verify.bench import (
    averages,
    judgement,
    jumps,
    keras_forward,
    keras_steps,
    slots,
    variable_map,
)
from tf_recipes.verify.bench.feeds import Feeds
from tf_recipes.verify.bench.judgement import Judged
from tf_recipes.verify.bench.kept_results import KeptResults
from tf_recipes.verify.bench.masks import Masks
from tf_recipes.verify.bench.reference import Reference, Sensitivity, Steps

_VIRTUAL = {"softmax": keras.ops.softmax, "sigmoid": keras.ops.sigmoid}


@dataclasses.dataclass(frozen=True)
class LayerResult:
    """Holds one layer's outputs in evaluation beside the nearest tensor of the graph."""

    layer: str
    kind: str
    tensor: str | None
    judged: Judged | None


@dataclasses.dataclass(frozen=True)
class OutputResult:
    """Holds one output of the model beside TF1's tensor."""

    output: str
    tensor: str
    judged: Judged


@dataclasses.dataclass(frozen=True)
class Training:
    """Holds what the training gave: losses, the judged arrays, the outputs after it.

    `still` are the trained variables that TF1 moves so little that a port which does not train them
    would match, too; `seen` is whether there are others. `jump` is the first step, from 0, in which
    TF1's own numbers jump, so that from there on nothing but a larger difference can be judged.
    """

    losses: NDArray[Any]
    judged: Sequence[Judged]
    after: Sequence[OutputResult]
    masks_left: Sequence[str]
    layers_without_mask: Mapping[str, str]
    still: Sequence[str] = ()
    seen: bool = True
    jump: int | None = None

    @property
    def differs(self) -> bool:
        """Returns whether anything that was judged differs."""
        arrays = [*self.judged, *(each.judged for each in self.after)]
        return bool(self.masks_left) or not all(each.passed for each in arrays)

    @property
    def compared(self) -> int:
        """Returns how many steps were compared: those before TF1 drifts from itself too far."""
        return judgement.compared_steps(self.judged)

    @property
    def steps(self) -> int:
        """Returns how many steps could be judged, of a training that does not differ."""
        return self.compared if self.jump is None else self.jump


class Bench:
    """Puts models beside one TF1 graph; what TF1 did is computed once.

    Args:
        reference: the `Reference`.
        feeds: the `Feeds`.
        starts: starts one ulp away.
        seed: the seed of their directions.
        on_step: called after each of TF1's training steps that is computed.
        kept: a folder with what TF1 did before, or None to compute it.
        keep_variables: False to free the large variables of the session after TF1's steps.
    """

    def __init__(
        self,
        reference: Reference,
        feeds: Feeds,
        starts: int,
        seed: int,
        on_step: Callable[[], object] = lambda: None,
        kept: KeptResults | None = None,
        keep_variables: bool = True,
    ) -> None:
        self.reference, self.feeds, self.starts, self.seed = reference, feeds, starts, seed
        self.on_step, self.kept, self.keep_variables = on_step, kept, keep_variables
        self.values = reference.forward(feeds)
        self.own = (
            kept.sensitivity(reference, feeds, self.values, starts, seed)
            if kept
            else reference.forward_sensitivity(feeds, self.values, starts, seed)
        )
        dtypes = {self.values[name].dtype for name in self.values} or {np.dtype("f4")}
        self.dtype = "float64" if all(d == np.float64 for d in dtypes) else "float32"
        self.epsilon = float(np.finfo(self.dtype).eps)
        self._steps: Steps | None = None
        self._evaluated: tuple[str, ...] = ()
        self._far: dict[int, Sensitivity] = {}

    def steps(self, evaluated: Sequence[str]) -> Steps:
        """Returns what TF1's training did; the first call runs it."""
        tensors = tuple(t.partition("|")[0] for t in evaluated)
        if self._steps is None or not set(tensors) <= set(self._evaluated):
            asked = self.feeds, tensors, self.starts, self.seed, self.on_step
            self._steps = (
                self.kept.steps(self.reference, *asked)
                if self.kept
                else self.reference.steps(*asked)
            )
            self._evaluated = tensors
            self._far = {}
            if not self.keep_variables:
                self.reference.session.free(self.reference.shapes)
        return self._steps

    def x(self, model: keras.Model, feeds: Mapping[str, Any]) -> Any:
        """Returns the inputs of a model."""
        return self.reference.arguments.x(model, feeds)

    def outputs(self, model: keras.Model) -> list[OutputResult]:
        """Judges the predictions of a model whose variables are TF1's."""
        predictions = keras_forward.predict(model, self.x(model, self.feeds.evaluate()))
        names = list(getattr(model, "output_names", None) or [])
        if len(names) != len(predictions):
            names = [f"output {k}" for k in range(len(predictions))]
        asked = self.reference.asked
        if asked and len(asked) != len(predictions):
            validation.fail(
                "`outputs` must name a tensor for each output of the model.",
                f"{len(asked)} names, {len(predictions)} outputs",
                "Name them in the order of the model's outputs.",
            )
        found = []
        for k, (name, value) in enumerate(zip(names, predictions, strict=True)):
            only = asked[k] if k < len(asked) else None
            found.append(self._nearest_output(name, value, only, single=len(predictions) == 1))
        return found

    def layers(self, model: keras.Model) -> list[LayerResult]:
        """Puts the outputs of each layer beside the nearest tensor of the graph."""
        results = []
        x = self.x(model, self.feeds.evaluate())
        for layer, kind, value in keras_forward.layer_outputs(model, x):
            near = self._nearest(value)
            if near is None:
                results.append(LayerResult(layer, kind, None, None))
            else:
                judged = self._judge(layer, value, near)
                results.append(LayerResult(layer, kind, near, judged))
        return results

    def train(
        self,
        model: keras.Model,
        found: variable_map.Map,
        tensors: Sequence[OutputResult],
    ) -> Training:
        """Trains a model from the checkpoint, and judges each step."""
        reference, feeds = self.reference, self.feeds
        steps = self.steps([each.tensor for each in tensors])
        if len({frozenset(masks) for masks in steps.run.masks}) > 1:
            validation.fail(
                "Each step must draw the same masks.",
                "a tf.cond around dropout that some of the steps take, and others do not",
                "Feed its condition the same value in each step.",
            )
        found.assign(reference.initial)
        rate = _first_rate(steps)
        linked = slots.start(
            reference.structure,
            reference.roles,
            found,
            model,
            reference.initial,
            reference.fresh,
            rate,
        )
        kept = averages.find(reference.roles, found, model.optimizer, reference.initial)
        before = slots.taken(reference.structure, reference.roles, reference.initial)
        averages.start(reference.roles, kept, reference.initial, before)
        linked.links.extend(kept)
        taken = reference.arguments.for_outputs(reference.structure, [e.tensor for e in tensors])
        batches, normal = [], _normal_numbers(reference, steps)
        for k in range(len(feeds.rows)):
            given = feeds.step(k)
            x = self.x(model, given)
            if k == 0:
                first = steps.run.masks[0] if steps.run.masks else {}
                masks = Masks(model, x, first, normal[0] if normal else {})
                predictions = keras_forward.nested_predictions(model, x)
            weight = reference.arguments.weight
            sample_weight = np.asarray(given[weight]).reshape(-1) if weight else None
            batches.append((x, taken.y(model, given, predictions), sample_weight))
        drifts = judgement.Drifts(steps, reference.drift)

        def compare(step: int) -> None:
            shapes = reference.shapes
            drifts.add(step - 1, itertools.chain(found.values(shapes), linked.values(shapes)))

        drawn = [{**one, **other} for one, other in zip(steps.run.masks, normal, strict=True)]
        losses = keras_steps.train(model, batches, masks, drawn, compare)
        names = list(drifts.of)
        judged: Sequence[Judged] = judgement.training(steps, losses, drifts, self.epsilon)
        own = judgement.steps_sensitivity(steps, names, self.epsilon)
        count = judgement.judged_steps(own)
        after: Sequence[OutputResult] = ()
        if count == len(own):
            after = self._outputs_after(model, tensors, steps)
        jump = None
        if not all(each.passed for each in [*judged, *(each.judged for each in after)]):
            judged, after, jump = self._judged_again(steps, judged, after)
        if jump is not None:
            count = jump
        trained = [name for name in names if name in reference.moved]
        still = [
            name
            for name in trained
            if judgement.would_match(
                name,
                reference.initial[name],
                [each[name] for each in steps.run.variables[:count]],
                judgement.own_sensitivity(steps, name, self.epsilon),
                reference.drift,
            )
        ]
        seen = len(still) < len(trained)
        return Training(losses, judged, after, masks.left, masks.without, still, seen, jump)

    def _outputs_after(
        self, model: keras.Model, tensors: Sequence[OutputResult], steps: Steps
    ) -> list[OutputResult]:
        """Judges the predictions after the last step."""
        found = []
        predictions = keras_forward.predict(model, self.x(model, self.feeds.evaluate()))
        for each, value in zip(tensors, predictions, strict=True):
            tensor, _, virtual = each.tensor.partition("|")
            reference_value = _through(virtual, steps.run.outputs[tensor])
            own = steps.sensitivity.outputs[tensor]
            result = judgement.outputs(each.output, value, reference_value, own, self.epsilon)
            found.append(OutputResult(each.output, each.tensor, result))
        return found

    def _judged_again(
        self,
        steps: Steps,
        judged: Sequence[Judged],
        after: Sequence[OutputResult],
    ) -> tuple[Sequence[Judged], Sequence[OutputResult], int | None]:
        """Judges a training that seems to differ by starts farther away, see `jumps`.

        Returns:
            The arrays and the outputs after the last step, and the first step in which a number of
            TF1 jumps, from 0, or None.
        """
        whole = judgement.compared_steps(judged)
        if not whole:
            return judged, after, None
        first = judgement.first_failure(judged)
        if first is not None:  # most ports differ in an early step, to which TF1 is quickly trained
            count = first[0] + 1
            farther = self._farther(steps, count)
            again = [jumps.in_proportion(each, farther) for each in judged]
            differs = judgement.first_failure(again)
            if differs and differs[0] < count and jumps.first_step(judged, farther) is None:
                return again, after, None
        farther = self._farther(steps, whole)
        jump = jumps.first_step(judged, farther)
        if jump is None:
            again = [jumps.in_proportion(each, farther) for each in judged]
        else:
            again = jumps.beyond(judged, self.reference.kinds, farther, jump)
        after = [
            dataclasses.replace(
                each,
                judged=jumps.output_beyond(
                    each.judged, each.tensor.partition("|")[0], farther, jump is not None
                ),
            )
            for each in after
        ]
        return again, after, jump

    def _farther(self, steps: Steps, count: int) -> Sensitivity:
        """Returns TF1's drift from starts farther away, in some steps."""
        if count not in self._far:
            evaluated = self._evaluated
            asked = self.feeds, evaluated, self.starts, self.seed, count, self.on_step
            self._far[count] = (
                self.kept.farther_sensitivity(self.reference, steps.run, *asked)
                if self.kept
                else self.reference.farther_sensitivity(steps.run, *asked)
            )
        return self._far[count]

    def _nearest(self, value: NDArray[Any]) -> str | None:
        """Returns the tensor of as many entries that is nearest to a value."""
        fits = [
            name
            for name, other in self.values.items()
            if other.size == value.size and other.ndim and _has_rows(other, value)
        ]
        flat = value.reshape(-1)
        drifts = [relative_drift(flat, self.values[name].reshape(-1)) for name in fits]
        if not drifts:
            return None
        known = [np.inf if np.isnan(drift) else drift for drift in drifts]
        return fits[max(range(len(fits)), key=lambda k: (-known[k], k))]  # of equal ones the last

    def _nearest_output(
        self, name: str, value: NDArray[Any], only: str | None, single: bool
    ) -> OutputResult:
        """Returns an output beside the tensor that it should be.

        A model may end with softmax or sigmoid where the graph ends with logits.
        """
        options = []
        for tensor, other in self.values.items():
            if only is not None and tensor != only:
                continue
            named = other.ndim or only is not None
            if other.size == value.size and named and _has_rows(other, value):
                options.append((tensor, other))
                shaped = other.reshape(value.shape)
                kinds = _VIRTUAL if value.ndim > 1 and value.shape[-1] > 1 else ("sigmoid",)
                options += [(f"{tensor}|{kind}", _through(kind, shaped)) for kind in kinds]
        if only is None:
            flat = value.reshape(-1)
            drifts = [relative_drift(flat, other.reshape(-1)) for _, other in options]
            limits = [self._limit(tensor) for tensor, _ in options]
            close = [k for k, d in enumerate(drifts) if d <= limits[k]]
            if close:
                # of equal tensors the last, nearest to the predictions, that are not virtual
                best = max(close, key=lambda k: ("|" not in options[k][0], k))
                self._check_alone(options[best][0].partition("|")[0], self._limit(options[best][0]))
                return self._output(name, value, *options[best])
            expected = self.reference.output
            if single and expected in self.values:
                options = [o for o in options if o[0].partition("|")[0] == expected] or options
            drifts = [relative_drift(flat, other.reshape(-1)) for _, other in options]
        else:
            drifts = [relative_drift(value.reshape(-1), other.reshape(-1)) for _, other in options]
        if not options:
            empty = Judged(name, [float("inf")], [self.epsilon])
            return OutputResult(name, only or self.reference.output or "none", empty)
        best = int(np.argmin([np.inf if np.isnan(d) else d for d in drifts]))
        if only is None and single:
            plain = [k for k, o in enumerate(options) if "|" not in o[0]]
            best = min(plain, key=lambda k: drifts[k]) if plain else best
        return self._output(name, value, *options[best])

    def _check_alone(self, tensor: str, limit: float) -> None:
        """Checks that the graph does not compute the predictions a second time, otherwise.

        Such a graph has a branch for training and one for evaluation, with the same variables. A
        port that does in evaluation what TF1 does in training must not pass for the right one.
        """
        structure = self.reference.structure
        nodes, node = structure.nodes, node_of(tensor)
        if node not in structure.forward:  # the loss takes the branch for training
            return

        def of(name: str) -> set[str]:
            return structure.ancestors([name], control=False) & set(structure.trainable)

        for other, value in self.values.items():
            twin, mine = node_of(other), self.values[tensor]
            if twin in structure.forward or nodes[twin].op != nodes[node].op:
                continue
            alike = value.shape == mine.shape and of(twin) == of(node)
            if alike and not relative_drift(value, mine) <= limit:
                validation.fail(
                    "One tensor must be the predictions in evaluation.",
                    f"{tensor!r}, which the port predicts and the loss takes, and {other!r}, with "
                    "the same variables",
                    "Name the tensor of the evaluation with outputs=['NAME:0'].",
                )

    def _output(
        self, name: str, value: NDArray[Any], tensor: str, other: NDArray[Any]
    ) -> OutputResult:
        own = self.own[tensor.partition("|")[0]]
        return OutputResult(name, tensor, judgement.outputs(name, value, other, own, self.epsilon))

    def _limit(self, tensor: str) -> float:
        return LIMIT * max(self.own[tensor.partition("|")[0]], self.epsilon)

    def _judge(self, name: str, value: NDArray[Any], tensor: str) -> Judged:
        outputs = [self.own[each] for each in (tensor, self.reference.output) if each in self.own]
        own = max([*outputs, self.epsilon])
        return judgement.outputs(name, value, self.values[tensor], own, self.epsilon)


def _has_rows(tensor: NDArray[Any], value: NDArray[Any]) -> bool:
    """Returns whether a tensor has a value's rows, or a row for each step of a sequence."""
    steps = value.ndim > 2 and tensor.shape == (value.size // value.shape[-1], value.shape[-1])
    return tensor.shape[:1] == value.shape[:1] or steps


def _through(name: str, value: NDArray[Any]) -> NDArray[Any]:
    """Returns softmax or sigmoid of logits, or the logits."""
    return np.asarray(keras.ops.convert_to_numpy(_VIRTUAL[name](value))) if name else value


def _normal_numbers(reference: Reference, steps: Steps) -> list[dict[str, NDArray[Any]]]:
    """Returns the normal numbers that TF1 drew in each step."""
    normal = reference.structure.normal_draws
    return [{name: each[name] for name in normal if name in each} for each in steps.run.drawn]


def _first_rate(steps: Steps) -> float | None:
    for numbers in steps.run.numbers[0].values():
        if "rate" in numbers:
            return numbers["rate"]
    return None
