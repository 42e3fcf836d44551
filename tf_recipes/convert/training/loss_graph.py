"""Measures the loss of a TF1 graph: its penalties of weights, and what is left without them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.training import hidden_tensors, label_forms
from tf_recipes.convert.training.graph_probe import Probe, ProbeError, needs_value
from tf_recipes.convert.training.numbers_of_graph import measured
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench import schedule_code

Array = NDArray[Any]
LARGE = 2.0**20  # so large that the rest of a loss is lost in its rounding
FIRST_WITH_SHAPES = 24  # the version of graphs whose placeholders tell an unknown shape from ()
SMALL = 32.0
CLOSE = 2e-5  # the largest relative difference between two losses that are one
_REMEDY = "Convert for predictions alone with inference=True."


@dataclasses.dataclass(frozen=True)
class Penalty:
    """Holds `l1 * sum(|w|) + l2 * sum(w**2) / 2` of a variable."""

    l1: float = 0.0
    l2: float = 0.0


@dataclasses.dataclass(frozen=True)
class Trial:
    """Holds outputs and labels that are tried, and the loss of the graph for them.

    `usual` says that the labels are those of classes: zeros and ones; `size` is the outputs' size.
    `inputs` are those of the model's inputs that the loss takes.
    """

    outputs: Sequence[Array]
    labels: Sequence[Array]
    loss: float
    usual: bool = True
    size: float = 1.0
    inputs: Sequence[Array] = ()


class LossGraph:
    """Computes the loss of a graph from outputs of the model, labels and weights.

    Args:
        structure: the `Structure` of the graph.
        view: the forward pass, whose outputs are the model's.
        values: `{variable: value}` in the checkpoint.
        feed: `{placeholder: value}` in training.

    Attributes:
        outputs: those of the model that the loss takes; `all_outputs` are all of them.
        aliases: `{tensor: the output that has its value}`, of other reads of a variable.
        labels: the tensors that the loss takes besides the outputs, in the graph's order.
        inputs: those tensors of which some are inputs of the model, where there are others.
        weights: the variables that the loss takes directly.

    Raises:
        ValueError: if the loss cannot be computed from outputs and labels.
    """

    def __init__(
        self,
        structure: Structure,
        view: GraphView,
        values: Mapping[str, Array],
        feed: Mapping[str, Any],
    ) -> None:
        self.structure, self.view = structure, view
        self.outputs = self.all_outputs = list(view.outputs)
        self.fed = {full(name): value for name, value in feed.items()}
        self.aliases = _other_reads(structure, self.outputs)
        given = {name: view.dtype(name) for name in self.outputs}
        given |= {alias: given[name] for alias, name in self.aliases.items()}
        try:
            self.probe = Probe(structure, [structure.loss], given)
        except ProbeError as error:
            self._refuse(str(error))
        self._check_reached()
        self.labels = self._labels()
        # an autoencoder's label is its input; lengths beside labels are an input
        of_model = [name for name in self.labels if name in view.given]
        self.inputs = of_model if len(self.labels) > len(of_model) else []
        self.labels = [name for name in self.labels if name not in self.inputs]
        floats = [n for n in self.probe.variables if values[n].dtype.kind == "f"]
        self.weights = [
            name for name in floats if name not in structure.written or values[name].ndim
        ]
        self._fixed = {n: values[n] for n in self.probe.variables if n not in self.weights}
        self._shapes = {name: values[name].shape for name in self.weights}
        self._dtypes = {name: values[name].dtype for name in self.weights}

    def _check_reached(self) -> None:
        used = {
            each
            for name in self.probe.nodes
            for each in map(full, self.structure.nodes[name].input)
        }
        used.add(self.structure.loss)
        used |= {name for alias, name in self.aliases.items() if alias in used}
        self.outputs = [name for name in self.all_outputs if name in used]
        if not self.outputs:
            self._refuse(
                f"a loss that does not take {shortened(self.all_outputs[0], 80)!r}",
                "Name the tensor that the loss takes, such as the logits, with outputs=['NAME:0'].",
            )
        if self.probe.random:
            self._refuse(f"random numbers at {shortened(self.probe.random[0], 80)!r}")

    def _labels(self) -> list[str]:
        found = []
        for name in self.probe.placeholders:
            if name in self.fed or self.structure.nodes[node_of(name)].op.endswith("Default"):
                continue
            if self.shape(name) == ():
                needs_value(self.structure, name)
            found.append(name)
        order = list(self.structure.nodes)
        return sorted(found, key=lambda name: (order.index(node_of(name)), name))

    def shape(self, tensor: str) -> tuple[int | None, ...] | None:
        """Returns the static shape of an output or a label, or None where its rank is not known.

        Axes of a label that are not known are those of its output.
        """
        if tensor in self.outputs:
            return self.view.shape(tensor)
        shape = self._shape_of_label(tensor)
        if shape is None or None not in shape[1:] or self.counts_classes(tensor):
            return shape
        return label_forms.like_output(shape, self._paired.get(tensor))

    @functools.cached_property
    def _paired(self) -> dict[str, tuple[int | None, ...] | None]:
        """Returns `{label: the shape of its output}`."""
        fed = [n for n in self.probe.placeholders if n not in self.fed]
        pairs = self.structure.labels_of(self.outputs, fed)
        return {label: self.view.shape(output) for output, label in pairs.items()}

    def _shape_of_label(self, tensor: str) -> tuple[int | None, ...] | None:
        if tensor in self.structure.graph.shapes:
            return self.structure.graph.shapes[tensor]
        node, place = self.structure.nodes[node_of(tensor)], int(tensor.partition(":")[2])
        listed = "output_shapes" if "output_shapes" in node.attr else "shapes"
        if listed in node.attr:
            shape = node.attr[listed].list.shape[place]
        elif "shape" in node.attr:
            shape = node.attr["shape"].shape
        else:
            return None
        # old graphs wrote no shape where none was known
        old = self.structure.graph.definition.versions.producer < FIRST_WITH_SHAPES
        if shape.unknown_rank or (old and not shape.dim):
            return None
        return tuple(int(each.size) if each.size >= 0 else None for each in shape.dim)

    def dtype(self, tensor: str) -> str:
        """Returns the name of the dtype of an output or a label."""
        if tensor in self.outputs:
            return self.view.dtype(tensor)
        node, place = self.structure.nodes[node_of(tensor)], int(tensor.partition(":")[2])
        for listed in ("output_types", "component_types"):
            if listed in node.attr:
                return str(tf.as_dtype(node.attr[listed].list.type[place]).name)
        return str(tf.as_dtype(node.attr["dtype"].type).name)

    def counts_classes(self, tensor: str) -> bool:
        """Returns whether a label of fractions holds numbers of classes."""
        if tensor in self.outputs or np.dtype(self.dtype(tensor)).kind != "f":
            return False
        return label_forms.counts_classes(self.structure, tensor)

    @functools.cached_property
    def constants(self) -> list[float]:
        """Returns the numbers that the loss is computed with."""
        return schedule_code.constants(self.structure, self.probe.nodes)

    def close(self) -> None:
        """Frees the session."""
        self.probe.close()

    def value(
        self,
        outputs: Sequence[Array],
        labels: Sequence[Array],
        weights: Mapping[str, Array] | None = None,
        inputs: Sequence[Array] = (),
    ) -> float:
        """Returns the loss; weights that are not given are zero.

        Raises:
            ProbeError: if the arrays do not fit.
        """
        zeros = {
            name: np.zeros(self._shapes[name], self._dtypes[name])
            for name in self.weights
            if name not in (weights or {})
        }
        given = {**self.fed}
        given.update(zip(self.outputs, outputs, strict=True))
        given.update({alias: given[n] for alias, n in self.aliases.items() if n in given})
        given.update(zip(self.labels, labels, strict=True))
        given.update(zip(self.inputs, inputs, strict=True))
        state = {**self._fixed, **zeros, **(weights or {})}
        return float(np.sum(self.probe.run(given, state)[0], dtype="f8"))

    def trials(self, kind: str = "real") -> Iterator[Trial]:
        """Yields random outputs and labels, of several sizes and numbers of rows.

        Args:
            kind: "real" for outputs of any size; "share" for outputs between 0 and 1, the rows of
                which add up to 1 where they have more than one entry.
        """
        rng = np.random.RandomState(0)
        sizes = (
            (1.0, 1.0, 30.0, 30.0, 0.1, 0.1) if kind == "real" else (1.0, 1.0, 3.0, 3.0, 0.1, 0.1)
        )
        for k, size in enumerate(sizes):
            rows = 5 + 2 * (k % 2)
            outputs = [self._drawn(rng, name, rows, size) for name in self.outputs]
            if kind == "share":
                outputs = [_share(each) for each in outputs]
            usual = k < len(sizes) - 2
            labels = [self._label(rng, name, rows, outputs, usual) for name in self.labels]
            inputs = [self._label(rng, name, rows, outputs, usual) for name in self.inputs]
            loss = self.value(outputs, labels, inputs=inputs)
            yield Trial(outputs, labels, loss, usual, size, inputs)

    def _drawn(self, rng: Any, name: str, rows: int, size: float) -> Array:
        return np.asarray(size * rng.randn(*self._sizes(name, rows)), self.dtype(name))

    def _sizes(self, name: str, rows: int) -> tuple[int, ...]:
        shape = self.shape(name)
        if shape is None:  # labels that are numbers have an axis less than the outputs
            shape = self.shape(self.outputs[0]) or (None,)
            if np.dtype(self.dtype(name)).kind in "iub":
                shape = shape[:-1] or shape
        other = 1 if self.counts_classes(name) else 3
        return tuple(
            n if n is not None else (rows if k == 0 else other) for k, n in enumerate(shape)
        )

    def _label(
        self, rng: Any, name: str, rows: int, outputs: Sequence[Array], usual: bool
    ) -> Array:
        """Returns random labels: numbers of classes, one-hot rows, zeros and ones, or any."""
        dtype, sizes = np.dtype(self.dtype(name)), self._sizes(name, rows)
        paired = [each for each in outputs if each.shape[:1] == sizes[:1]] or list(outputs)
        classes = min((each.shape[-1] for each in paired if each.ndim > 1), default=2)
        if dtype.kind in "iu" and len(sizes) == 1 and name in self._lengths:
            series = [each.shape[1] for each in outputs if each.ndim > 1]
            return label_forms.as_lengths(rng.randint(0, 99, sizes).astype(dtype), series[0])
        if dtype.kind in "iu" or self.counts_classes(name):
            return rng.randint(0, max(classes, 2), sizes).astype(dtype)
        if dtype.kind == "b":
            return np.asarray(rng.rand(*sizes) < 0.5)
        if not usual:
            return np.asarray(3 * rng.randn(*sizes), dtype)
        if len(sizes) > 1 and sizes[-1] > 1:
            return np.eye(sizes[-1])[rng.randint(0, sizes[-1], sizes[:-1])].astype(dtype)
        return np.asarray(rng.rand(*sizes) < 0.5, dtype)

    @functools.cached_property
    def _lengths(self) -> set[str]:
        fed = (*self.labels, *self.inputs)
        return {name for name in fed if label_forms.are_lengths(self.structure, name)}

    def penalties(self) -> dict[str, Penalty]:
        """Returns `{variable: penalty}` of the loss, measured with large weights.

        Raises:
            ValueError: if the loss takes weights in another way.
        """
        found: dict[str, Penalty] = {}
        if not self.weights:
            return found
        trial = self._finite_trial()
        constants = self.constants
        rng = np.random.RandomState(1)
        for name in self.weights:

            def change(array: Array, name: str = name) -> float:
                weights = {name: np.asarray(array, self._dtypes[name])}
                value = self.value(trial.outputs, trial.labels, weights, trial.inputs)
                return value - trial.loss

            shape = self._shapes[name]

            def at(number: float, shape: Any = shape, change: Any = change) -> float:
                array = np.zeros(shape)
                array.flat[0] = number
                return float(change(array))

            first, second = at(LARGE), at(2 * LARGE)
            if first == second == 0:
                continue
            l2 = (second - 2 * first) / LARGE**2
            if abs(l2) * LARGE**2 < 1e-5 * abs(first):
                l1, l2 = first / LARGE, 0.0
            else:  # of a small weight the absolute value is not lost beside the square
                four, one = at(2 * SMALL), at(SMALL)
                l1 = (4 * one - four) / (2 * SMALL)
                least = 1e-5 * max(abs(four), abs(trial.loss))
                l1 = measured(l1, constants, near=1e-3) if abs(l1) * SMALL > least else 0.0
                l2 = 2 * (first - l1 * LARGE) / LARGE**2
            penalty = Penalty(measured(l1, constants), measured(l2, constants))
            weights = np.asarray(1000 * rng.randn(*shape))
            wanted = penalty.l1 * np.abs(weights).sum() + penalty.l2 * (weights**2).sum() / 2
            if abs(change(weights) - wanted) > 1e-4 * max(abs(wanted), abs(trial.loss)):
                self._refuse(f"a function of the weights {shortened(name, 80)!r}")
            found[name] = penalty
        return found

    def _finite_trial(self) -> Trial:
        for kind in ("real", "share"):
            for trial in self.trials(kind):
                if np.isfinite(trial.loss):
                    return trial
        return self._refuse("a loss that is not finite for any outputs")

    def _refuse(self, received: str, remedy: str = _REMEDY) -> Any:
        return validation.fail(
            "The loss must be a function of the model's outputs and of labels, with L1 and L2 "
            "penalties of weights.",
            f"{received}, in the loss {shortened(self.structure.loss, 80)!r} of "
            f"{self.structure.graph.source!r}",
            remedy,
        )


def _other_reads(structure: Structure, outputs: Sequence[str]) -> dict[str, str]:
    """Returns `{tensor: the output with its value}` of outputs that are values of variables."""
    found = {}
    for name in outputs:
        node = structure.nodes[node_of(name)]
        before = node_of(node.input[0]) if node.op in ("Identity", "ReadVariableOp") else ""
        if before in structure.variables:
            found.update({e: name for e in hidden_tensors.reads(structure, before) if e != name})
    return found


def _share(array: Array) -> Array:
    """Returns numbers between 0 and 1; rows of several entries add up to 1."""
    if array.ndim < 2 or array.shape[-1] < 2:
        return np.asarray(1 / (1 + np.exp(-array)), array.dtype)
    powers = np.exp(array - array.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True), array.dtype)
