"""Answers the questions of patterns about the nodes of a TF1 graph: shapes, constants, branches."""

from __future__ import annotations

import copy
import functools
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.lifting import shape_graph
from tf_recipes.graph.meta_graph import MetaGraph, without_unknown_ops
from tf_recipes.graph.nodes import PLACEHOLDERS, RANDOM, SIZES, SOURCES, VARIABLES, full, node_of
from tf_recipes.graph.structure import Structure

LARGEST_CONSTANT = 2**28  # entries of a value that the graph computes from constants
# what gives its first input unchanged, for the values of a forward pass
PASSES = (
    *("Identity", "StopGradient", "PreventGradient", "CheckNumerics", "ReadVariableOp", "Snapshot"),
    *("Enter", "RefEnter", "Exit", "RefExit", "RefIdentity"),
)


class GraphView:
    """Holds the part of a graph that some tensors need.

    Args:
        graph: a `MetaGraph`.
        outputs: names of the tensors that the model gives.
        inputs: names of the tensors that the model takes; what they come from is left out.
        structure: what the graph's training step runs, or None where it is not known.
        input_shapes: `{placeholder: shape}` for those whose shape the graph does not hold.

    Raises:
        ValueError: if a tensor is not in the graph, or TensorFlow refuses the graph.
    """

    def __init__(
        self,
        graph: MetaGraph,
        outputs: Sequence[str],
        inputs: Collection[str],
        structure: Structure | None = None,
        input_shapes: Mapping[str, Sequence[int | None]] | None = None,
    ) -> None:
        self.source, self.graph = graph.source, graph
        self.structure = structure
        self.outputs = [full(name) for name in outputs]
        part = without_unknown_ops(graph, [node_of(each) for each in outputs])
        self.definition = part  # `imported` tells shapes, and does not run loops
        self.nodes = {node.name: node for node in part.node}
        given = {full(name): tuple(shape) for name, shape in (input_shapes or {}).items()}
        known = {**graph.shapes, **given}
        self._told = known
        self.imported = tf.Graph()
        with self.imported.as_default():
            try:
                tf.graph_util.import_graph_def(shape_graph.of(part, known), name="")
            except Exception as error:  # TensorFlow raises many types for graphs it refuses
                text = shortened(str(error).partition("\n")[0], 200)
                validation.fail(
                    "TensorFlow must accept the graph.",
                    f"{graph.source!r}: {text}",
                    "Convert a checkpoint that TF 1.15 wrote.",
                )
        self._session: Any = None
        self._walk(inputs)

    def cut_at(self, inputs: Collection[str]) -> GraphView:
        """Returns a view of the same graph for a model that takes other tensors.

        Args:
            inputs: names of the tensors.
        """
        other = copy.copy(self)
        for name in ("consumers", "whole"):
            other.__dict__.pop(name, None)
        other._walk(inputs)
        return other

    def _walk(self, inputs: Collection[str]) -> None:
        """Finds the nodes between the inputs and the outputs."""
        self.given = [full(name) for name in inputs]
        self._cut = {node_of(name) for name in inputs}
        self.order = self._order()
        self._counts = Counter(
            each
            for name in self.order
            if self.nodes[name].op not in SIZES
            for each in set(self.inputs(name))
        )
        self._counts.update(self.outputs)
        self._folded: dict[str, NDArray[Any] | None] = {}
        self.folded_nodes = self._foldable()

    @functools.cached_property
    def whole(self) -> Mapping[str, Any]:
        """Returns `{name: node}` of the whole graph, with what only a training step needs."""
        return {node.name: node for node in self.graph.definition.node}

    def evaluated(
        self, tensors: Sequence[str], given: Mapping[str, Any]
    ) -> list[NDArray[Any]] | None:
        """Returns the values of tensors for given values of others; None where they need more.

        Args:
            tensors: names of tensors.
            given: `{tensor: value}`.
        """
        if self._session is None:
            self._session = tf.compat.v1.Session(graph=self.imported)
        try:
            found = self._session.run(list(tensors), {full(k): v for k, v in given.items()})
        except (tf.errors.OpError, ValueError, TypeError):  # as TensorFlow says of wrong shapes
            return None
        return [np.asarray(each) for each in found]

    def _order(self) -> list[str]:
        """Returns the nodes that the outputs need, each after its inputs.

        In a while loop, what a turn gives to the next one comes after what takes it; the result of
        the loop comes after all of its nodes.
        """
        placed: dict[str, None] = {}
        open_: set[str] = set()
        turns: dict[str, list[str]] = {}  # frame -> the ends of a turn that the loop needs
        waiting = [(node_of(each), False) for each in reversed(self.outputs)]
        while waiting:
            name, ready = waiting.pop()
            if name in placed or (name in open_ and not ready):
                continue
            if ready:
                left = [each for each in self._turns_before(name, turns) if each not in placed]
                if left:
                    waiting += [(name, True), *((each, False) for each in reversed(left))]
                else:
                    placed[name] = None
                continue
            open_.add(name)
            waiting.append((name, True))
            if name in self._cut:
                continue
            before = [node_of(each) for each in self.inputs(name)]
            if self.nodes[name].op == "Merge":
                ends = [each for each in before if self.nodes[each].op == "NextIteration"]
                if ends:
                    turns.setdefault(self.frame(name) or "", []).extend(ends)
                before = [each for each in before if each not in ends]
            waiting += [(each, False) for each in reversed(before)]
        return list(placed)

    def _turns_before(self, name: str, turns: Mapping[str, list[str]]) -> list[str]:
        """Returns the ends of a turn that the result of a loop comes after; none for others."""
        if not turns or self.nodes[name].op != "Exit":
            return []
        return turns.get(self.frame(name) or "", [])

    def frame(self, name: str) -> str | None:
        """Returns the name of the while loop that an Enter, Merge, Switch or Exit belongs to."""
        for _ in range(4):
            node = self.nodes[node_of(name)]
            if node.op in ("Enter", "RefEnter"):
                return str(self.attribute(node.name, "frame_name"))
            if node.op not in ("Exit", "Switch", "Merge", "NextIteration") or not node.input:
                return None
            name = node.input[0]
        return None

    def op(self, tensor: str) -> str:
        """Returns the operation of the node that gives a tensor."""
        return str(self.nodes[node_of(tensor)].op)

    def node(self, tensor: str) -> Any:
        """Returns the node that gives a tensor, a `NodeDef`."""
        return self.nodes[node_of(tensor)]

    def inputs(self, name: str) -> list[str]:
        """Returns the names of the tensors that a node takes, `NODE:0` and so on."""
        return [full(each) for each in self.nodes[node_of(name)].input if not each.startswith("^")]

    def is_input(self, name: str) -> bool:
        """Returns whether the model takes what a node gives."""
        return node_of(name) in self._cut

    def outputs_of(self, name: str) -> list[str]:
        """Returns the names of the tensors that a node gives."""
        return [each.name for each in self.imported.get_operation_by_name(name).outputs]

    def shape(self, tensor: str) -> tuple[int | None, ...] | None:
        """Returns the static shape of a tensor, or None where its rank is not known."""
        shape = self.imported.get_tensor_by_name(full(tensor)).shape
        told = tf.TensorShape(self._told.get(full(tensor)))
        if told.rank is not None and shape.is_compatible_with(told):
            shape = shape.merge_with(told)  # what the program knew and the graph does not tell
        return tuple(shape.as_list()) if shape.rank is not None else None

    def rank(self, tensor: str) -> int | None:
        """Returns the number of a tensor's axes, or None where it is not known."""
        shape = self.shape(tensor)
        return None if shape is None else len(shape)

    def dtype(self, tensor: str) -> str:
        """Returns the name of a tensor's dtype."""
        return str(self.imported.get_tensor_by_name(full(tensor)).dtype.base_dtype.name)

    def attribute(self, name: str, attribute: str) -> Any:
        """Returns an attribute of a node: number, str, bool or list; None if it has none."""
        node = self.nodes[node_of(name)]
        if attribute not in node.attr:
            return None
        value = node.attr[attribute]
        kind = value.WhichOneof("value")
        if kind == "list":
            entries = value.list
            return [*entries.i, *entries.f, *entries.b, *(s.decode() for s in entries.s)]
        if kind == "s":
            return value.s.decode("utf-8", "replace")
        return getattr(value, kind) if kind else None

    def uses(self, tensor: str) -> int:
        """Returns how many nodes take a tensor's values; an output of the model counts as one."""
        return self._counts[full(tensor)]

    @functools.cached_property
    def consumers(self) -> Mapping[str, list[str]]:
        """Returns `{tensor: the nodes of the forward pass that take it}`."""
        found: dict[str, list[str]] = {}
        for name in self.order:
            for each in self.inputs(name):
                found.setdefault(each, []).append(name)
        return found

    @functools.cached_property
    def places(self) -> Mapping[str, int]:
        """Returns `{node: its place}` in an order in which each stands after its inputs."""
        return {name: place for place, name in enumerate(self.order)}

    def behind(self, tensor: str, also: Collection[str] = ()) -> str:
        """Returns the tensor that a tensor is equal to, behind Identity and such nodes.

        Args:
            tensor: the name of a tensor.
            also: more operations to look through, by their first input.
        """
        name = full(tensor)
        for _ in range(1000):
            op = self.op(name)
            if self.is_input(name) or (op not in PASSES and op not in also):
                return name
            name = self.inputs(name)[0]
        return name

    def variable(self, tensor: str) -> str | None:
        """Returns the variable whose value a tensor is, or None."""
        name = node_of(self.behind(tensor, also=("Switch", "RefSwitch")))
        return name if self.nodes[name].op in VARIABLES else None

    def variable_shapes(self) -> dict[str, tuple[int, ...]]:
        """Returns `{variable: shape}` of the variables that the outputs need."""
        return {
            name: tuple(int(each.size) for each in self.nodes[name].attr["shape"].shape.dim)
            for name in self.order
            if self.nodes[name].op in VARIABLES
        }

    def variable_shape(self, variable: str) -> tuple[int, ...]:
        """Returns the shape of a variable's value, also of one that is a resource."""
        return tuple(int(each.size) for each in self.nodes[variable].attr["shape"].shape.dim)

    def constant(self, tensor: str) -> NDArray[Any] | None:
        """Returns the value of a tensor that the graph computes from constants alone, or None."""
        name = full(tensor)
        if node_of(name) not in self.folded_nodes:
            return None
        if name not in self._folded:
            node = self.nodes[node_of(name)]
            if node.op == "Const":
                self._folded[name] = np.asarray(tf.make_ndarray(node.attr["value"].tensor))
            else:
                self._folded[name] = self._computed(name)
        return self._folded[name]

    def _computed(self, name: str) -> NDArray[Any] | None:
        shape = self.shape(name)
        known = [size for size in shape or () if size is not None]
        if shape is None or len(known) < len(shape) or math.prod(known) > LARGEST_CONSTANT:
            return None
        found = self.evaluated([name], {})
        return None if found is None else found[0]

    def _foldable(self) -> set[str]:
        """Returns the nodes whose values follow from constants."""
        apart = {*VARIABLES, *PLACEHOLDERS, *SOURCES, *RANDOM}
        found: set[str] = set()
        for name in self.order:
            node = self.nodes[name]
            loops = node.op.removeprefix("Ref") in (
                *("Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond"),
            )
            if node.op in apart or self.is_input(name) or loops or "TensorArray" in node.op:
                continue
            inputs = [node_of(each) for each in self.inputs(name)]
            if node.op == "Const" or (inputs and all(each in found for each in inputs)):
                found.add(name)
        return found


def unknown_operations(names: Iterable[tuple[str, str]]) -> str:
    """Returns what a refusal says of operations: each with its count and one of its nodes.

    Args:
        names: pairs of an operation and a node.
    """
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for op, name in names:
        first.setdefault(op, name)
        counts[op] += 1
    return ", ".join(
        f"{shortened(op, 60)} ({count} times, such as {shortened(first[op], 80)!r})"
        for op, count in counts.most_common(5)
    )
