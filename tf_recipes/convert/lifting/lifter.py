"""Lifts the nodes of a TF1 graph to the steps of a Keras program, one after the other."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from tf_recipes.convert.lifting import kept_operations, pattern
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.lifting.step_builder import LiftError, StepBuilder
from tf_recipes.convert.lifting.values import Unknown, Value, Weight
from tf_recipes.convert.program.expressions import Tensor
from tf_recipes.convert.program.keras_program import KerasProgram, shared_variables
from tf_recipes.graph.nodes import VARIABLES, full, node_of


@dataclasses.dataclass(frozen=True)
class Lifted:
    """Holds the result: the program, its inputs and outputs, and what each node became.

    `became` is `{node: pattern's name}`, `notes` is `{node: a sentence that a reader must know}`.
    """

    program: KerasProgram
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    became: Mapping[str, str]
    values: Mapping[str, Value]
    notes: Mapping[str, str]


class Lifter(StepBuilder):
    """Lifts a graph; patterns ask it about nodes, and add steps through it.

    Args:
        view: the graph.
        placeholders: `{placeholder: its value}` for those that are no inputs.
        inputs: names of the tensors that the model takes.
        apart: the variables that belong to no layer, but to a `tf_recipes.Weight` of their own.
        keep_unknown: True to keep a node that no pattern takes in a layer that runs it.
        trained: those of the inputs that come from weights, as the outputs of a model do.
    """

    def __init__(
        self,
        view: GraphView,
        placeholders: Mapping[str, Value],
        inputs: Sequence[str],
        apart: Iterable[str] = (),
        keep_unknown: bool = False,
        trained: Sequence[str] = (),
    ) -> None:
        super().__init__(view, apart)
        self.keep_unknown, self.placeholders = keep_unknown, placeholders
        self.became: dict[str, str] = {}
        self._done: set[str] = set()  # nodes that were lifted, or that a pattern gave a value
        # what patterns of recurrent nets tell one another
        self.last_states: dict[tuple[str, str], Tensor | None] = {}  # by loop and new state
        self.reversed_series: dict[Tensor, tuple[Tensor, Tensor]] = {}  # to the series and lengths
        self.refused_chains: set[str] = set()
        self.input_tensors = tuple(self._input(name) for name in inputs)
        self.trained = [
            tensor.step
            for name, tensor in zip(inputs, self.input_tensors, strict=True)
            if name in trained
        ]

    def _input(self, name: str) -> Tensor:
        tensor = full(name)
        shape, dtype = self.view.shape(tensor), self.view.dtype(tensor)
        label = node_of(name) if tensor.endswith(":0") else tensor
        if shape is None:
            raise LiftError(
                [Unknown(node_of(name), self.view.op(name), "has a shape of unknown rank")]
            )
        keywords: dict[str, Any] = {}
        if shape and shape[0] is None:
            keywords["shape"] = shape[1:]
        else:
            keywords["batch_shape"] = shape
        if dtype != "float32":
            keywords["dtype"] = dtype
        keywords["name"] = self._input_name(label)
        step = self.program.add(
            "keras.Input", (), keywords, [shape], [dtype], [node_of(name)], label
        )
        self.values[tensor] = Tensor(step)
        self.became[node_of(name)] = "input"
        return Tensor(step)

    def _input_name(self, label: str) -> str:
        """Returns the name of an input: that of its placeholder, in letters that Keras takes."""
        name = re.sub(r"\W", "_", label, flags=re.ASCII)
        taken = [dict(step.keywords)["name"] for step in self.program.steps]
        count = next(k for k in itertools.count() if (f"{name}_{k}" if k else name) not in taken)
        return f"{name}_{count}" if count else name

    def lift(self) -> Lifted:
        """Lifts every node that the outputs need.

        Raises:
            LiftError: if an output needs a node that no pattern makes.
        """
        for name in self.view.order:
            if not self.view.is_input(name) and name not in self.view.folded_nodes:
                self._lift(name)
        outputs = [self.value(each) for each in self.view.outputs]
        unknown = self._at_fault() or [each for each in outputs if isinstance(each, Unknown)]
        if unknown:
            raise LiftError(unknown)
        tensors = tuple(self.as_tensor(each, self.view.outputs[0]) for each in outputs)
        notes = self.notes_of(tensors)
        return Lifted(self.program, self.input_tensors, tensors, self.became, self.values, notes)

    def _lift(self, name: str) -> None:
        if name in self._done:
            return
        self._done.add(name)
        node = self.view.nodes[name]
        if name in self.placeholders:
            self.values[f"{name}:0"] = self.placeholders[name]
            self.became[name] = "placeholder"
            return
        if node.op in VARIABLES:
            shape, dtype = self._variable_shape(node)
            self.values[f"{name}:0"] = Weight(name, shape, dtype)
            return
        found = self.by_patterns(node)
        if found is not None:
            outputs = [found] if not isinstance(found, list | tuple) else found
            for k, value in enumerate(outputs):
                self.values[f"{name}:{k}"] = value
            return
        if self.keep_unknown and (kept := kept_operations.lifted(node, self)) is not None:
            self.became[name] = "kept operation"
            for k, value in enumerate(kept):
                self.values[f"{name}:{k}"] = value
            return
        unknown = [v for v in map(self.value, self.view.inputs(name)) if isinstance(v, Unknown)]
        self.values[f"{name}:0"] = (
            unknown[0] if unknown else Unknown(name, node.op, "is in no pattern")
        )

    def by_patterns(self, node: Any, after: int = -1) -> Value | Sequence[Value] | None:
        """Returns the value, or the values, that the first pattern to take a node gives it.

        Args:
            node: the node.
            after: only patterns with a greater `order` are asked.
        """
        for each in pattern.by_operation().get(node.op, ()):
            found = each.lift(node, self) if each.order > after else None
            if found is not None:
                self.became[node.name] = each.name
                return found
        return None

    def give(self, tensor: str, value: Value, name: str) -> None:
        """Gives a tensor of the graph a value before its node is lifted.

        Args:
            tensor: the tensor.
            value: its value.
            name: the name of the pattern.
        """
        self.values[full(tensor)] = value
        self.became[node_of(tensor)] = name
        self._done.add(node_of(tensor))

    def demand(self, tensor: str, without: Collection[str]) -> Value | None:
        """Returns the value of a tensor, whose nodes are lifted before their turn.

        Args:
            tensor: the tensor.
            without: nodes on which it must not depend.

        Returns:
            None where it depends on one of those.
        """
        needed, waiting = set(), [node_of(tensor)]
        while waiting:
            name = waiting.pop()
            if name in without:
                return None
            if name in needed or name in self._done or name in self.view.folded_nodes:
                continue
            needed.add(name)
            if not self.view.is_input(name):
                waiting += [node_of(each) for each in self.view.inputs(name)]
        for name in [each for each in self.view.order if each in needed]:
            if not self.view.is_input(name):
                self._lift(name)
        return self.value(tensor)

    @staticmethod
    def _variable_shape(node: Any) -> tuple[tuple[int, ...], str]:
        import tensorflow as tf

        shape = tuple(int(each.size) for each in node.attr["shape"].shape.dim)
        return shape, tf.as_dtype(node.attr["dtype"].type).base_dtype.name

    def _at_fault(self) -> list[Unknown]:
        """Returns the nodes that keep the outputs from being lifted, each once."""
        found: dict[str, Unknown] = {}
        seen: set[str] = set()
        waiting = list(self.view.outputs)
        while waiting:
            tensor = waiting.pop()
            value = self.value(tensor)
            if tensor in seen or not isinstance(value, Unknown):
                continue
            seen.add(tensor)
            if value.node == node_of(tensor):
                found.setdefault(value.node, value)
            else:
                waiting += self.view.inputs(tensor)
        return list(found.values())


def lift(
    view: GraphView,
    placeholders: Mapping[str, Value],
    inputs: Sequence[str],
    keep_unknown: bool = False,
) -> Lifted:
    """Lifts a graph. A variable that several layers would own gets a layer of its own.

    Args:
        view: the graph.
        placeholders: `{placeholder: its value}` for those that are no inputs.
        inputs: names of the tensors that the model takes.
        keep_unknown: as for `Lifter`.

    Raises:
        LiftError: if an output needs a node that no pattern makes.
    """
    apart: set[str] = set()
    while True:
        lifted = Lifter(view, placeholders, inputs, apart, keep_unknown).lift()
        shared = shared_variables(lifted.program.live(lifted.outputs)) - apart
        if not shared:
            return lifted
        apart |= shared
