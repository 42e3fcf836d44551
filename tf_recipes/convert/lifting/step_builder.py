"""Adds the steps of a Keras program for nodes of a TF1 graph; what patterns use."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.evaluated import Evaluated
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.lifting.values import Constant, Sizes, Steps, Unknown, Value, Weight
from tf_recipes.convert.program.expressions import (
    Layer,
    Made,
    Origin,
    Step,
    Tensor,
    tensors_in,
)
from tf_recipes.convert.program.keras_program import KerasProgram
from tf_recipes.graph.nodes import full, node_of

LONGEST_LITERAL = 16  # entries of an array that the code writes out
DROPOUTS = (
    "keras.layers.Dropout",
    *(f"keras.layers.SpatialDropout{rank}D" for rank in (1, 2, 3)),
    "tf_recipes.Dropout",
    "keras.layers.GaussianNoise",
)
LAYER_PATH = "tf_recipes.Weight"
PART = re.compile(r"/part_(\d+)$")  # the end of the name of a variable's part


class LiftError(ValueError):
    """Says that nodes of the graph have no counterpart; `unknown` are the first ones at fault."""

    def __init__(self, unknown: Sequence[Unknown]) -> None:
        super().__init__(", ".join(each.node for each in unknown))
        self.unknown = tuple(unknown)


class StepBuilder:
    """Answers what the tensors of a graph became, and adds steps to a program.

    Args:
        view: the graph.
        apart: the variables that belong to no layer, but to a `tf_recipes.Weight` of their own.
    """

    def __init__(self, view: GraphView, apart: Iterable[str] = ()) -> None:
        self.view, self.apart = view, set(apart)
        self.program = KerasProgram()
        self.values: dict[str, Value] = {}
        self.input_tensors: tuple[Tensor, ...] = ()
        self._nodes_of_turn: Collection[str] = ()
        self._turn = ""  # the loop whose turns a pattern looks at as a whole
        self._notes: list[tuple[Step, str]] = []
        self._evaluated = Evaluated(DROPOUTS)

    # What the tensors of the graph are.

    def value(self, tensor: str) -> Value:
        """Returns what a tensor of the graph was lifted to."""
        name = full(tensor)
        if name in self.values:
            found = self.values[name]
            return found.tensor if isinstance(found, Steps) and self._turn else found
        array = self.view.constant(name)
        if array is not None:
            self.values[name] = Constant(array)
            return self.values[name]
        node = node_of(name)
        first = self.values.get(f"{node}:0")
        if isinstance(first, Unknown):
            return first
        return Unknown(node, self.view.op(name), "is in no pattern")

    def tensor(self, name: str) -> Tensor | None:
        """Returns the tensor of the program that a tensor of the graph became, or None."""
        value = self.value(name)
        return value if isinstance(value, Tensor) else None

    def weight(self, name: str) -> Weight | None:
        """Returns the variable whose value a tensor is, or None; also None for one set apart."""
        value = self.value(name)
        if isinstance(value, Weight) and value.name not in self.apart:
            return value
        return None

    def constant(self, name: str) -> Any:
        """Returns the array of a constant, or None."""
        value = self.value(name)
        return value.array if isinstance(value, Constant) else None

    def scalar(self, name: str) -> Any:
        """Returns the number of a constant with one entry, or None."""
        array = self.constant(name)
        return None if array is None or array.size != 1 else array.reshape(()).item()

    def integers(self, name: str) -> tuple[int, ...] | None:
        """Returns the whole numbers that a constant, or what was computed of shapes, holds."""
        match self.value(name):
            case Constant(array) if array.dtype.kind in "iu":
                return tuple(int(each) for each in array.ravel())
            case Sizes(entries) if all(isinstance(each, int) for each in entries):
                return tuple(each for each in entries if isinstance(each, int))
        return None

    @staticmethod
    def is_tensor(value: Any) -> bool:
        """Returns whether an argument is a tensor of the program."""
        return isinstance(value, Tensor)

    def in_evaluation(self, value: Value) -> Any:
        """Returns what a value is in evaluation, equal for equal values: without dropout."""
        return self._evaluated.of(value)

    # The turns of a loop.

    def is_in_turns(self, name: str) -> bool:
        """Returns whether a node is in the turns of the loop that a pattern looks at as a whole."""
        return name in self._nodes_of_turn

    @property
    def in_turns(self) -> bool:
        """Returns whether tensors of a loop's turn are seen as tensors of all turns together."""
        return bool(self._turn)

    def _of_turns(
        self, shape: tuple[int | None, ...] | None, arguments: Sequence[Any]
    ) -> tuple[int | None, ...] | None:
        """Returns a shape with the axis of time, where the graph tells that of one turn alone."""
        if self._turn and shape:
            for each in tensors_in(tuple(arguments)):
                if each.shape is not None and len(each.shape) == len(shape) + 1:
                    return (*each.shape[:2], *shape[1:])
        return shape

    @contextlib.contextmanager
    def whole_turns(self, frame: str, nodes: Collection[str]) -> Iterator[None]:
        """Lets patterns see the tensors of a loop's turn as tensors of all turns together.

        Args:
            frame: the loop's name.
            nodes: the nodes of a turn.
        """
        self._turn, self._nodes_of_turn = frame, nodes
        try:
            yield
        finally:
            self._turn, self._nodes_of_turn = "", ()

    # The steps of the program.

    def argument(self, name: str) -> Any:
        """Returns a tensor of the graph as an argument of an operation; None if it cannot be one.

        A small constant is a literal, a large one and a variable are layers without inputs.
        """
        return self.as_argument(self.value(name), name)

    def as_argument(self, value: Value, name: str) -> Any:
        """Returns a value as an argument of an operation; None if it cannot be one."""
        match value:
            case Tensor():
                return value
            case Constant(array):
                if array.ndim == 0 and array.dtype.kind in "fiub":
                    return array.item() if array.dtype.kind != "f" else array[()]
                if array.size <= LONGEST_LITERAL and array.dtype.kind in "fiub":
                    return Made("numpy.array", (_listed(array), str(array.dtype)))
                return self.as_tensor(value, name) if array.dtype.kind in "fiub" else None
            case Weight():
                return self.as_tensor(value, name)
            case Sizes(entries, scalar) if all(isinstance(each, int) for each in entries):
                return entries[0] if scalar else tuple(entries)
        return None

    def as_tensor(self, value: Value, name: str) -> Tensor:
        """Returns a value as a tensor of the program: variables and constants get a layer.

        Raises:
            LiftError: if the value has no tensor.
        """
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Weight):
            shape, dtype, origin = value.shape, value.dtype, Origin((value.name,))
            scope = value.name
        elif isinstance(value, Constant):
            shape, dtype = value.array.shape, str(value.array.dtype)
            origin, scope = self.program.constant(value.array), node_of(name)
        else:
            raise LiftError([Unknown(node_of(name), self.view.op(name), "is no array of numbers")])
        keywords: list[tuple[str, Any]] = []
        if np.dtype(dtype).kind in "iub":  # no random number is a whole one
            keywords.append(("initializer", "zeros"))
        if dtype != "float32":
            keywords.append(("dtype", dtype))
        if isinstance(value, Constant):
            keywords.append(("trainable", False))
        layer = Layer(LAYER_PATH, (tuple(shape),), tuple(keywords), (("value", origin),), scope)
        step = self.program.add(
            layer, (self.input_tensors[0],), {}, [tuple(shape)], [dtype], [node_of(name)], scope
        )
        return Tensor(step)

    def layer(
        self,
        node: Any,
        path: str,
        inputs: Tensor | Sequence[Tensor],
        arguments: Sequence[Any] = (),
        keywords: Mapping[str, Any] | None = None,
        weights: Mapping[str, Origin | str] | None = None,
        scope: str | None = None,
        call: Mapping[str, Any] | None = None,
        result: str | Sequence[str] | None = None,
        shape: tuple[int | None, ...] | None = None,
    ) -> Tensor:
        """Adds the call of a layer, and returns its output.

        Args:
            node: the node that gives the result; the layer's name comes from the scope of its first
                variable, or from the node.
            path: the class, such as `keras.layers.Dense`.
            inputs: what the layer is called with.
            arguments: positional arguments of the class.
            keywords: keyword arguments of the class; values that are None are left out.
            weights: `{path of a variable in the layer: its origin, or the TF1 variable}`.
            scope: another scope than the one above.
            call: keyword arguments of the call.
            result: the tensor of the graph with the shape and dtype of the output; the default is
                the node's first output.
            shape: the static shape of the output, where it is known better than in the graph.
        """
        origins = {
            path: each if isinstance(each, Origin) else Origin((each,))
            for path, each in (weights or {}).items()
        }
        if scope is None:
            first = next((name for each in origins.values() for name in each.variables), None)
            first = PART.sub("", first) if first else None
            scope = first.rpartition("/")[0] or first if first else node.name
        given = {name: value for name, value in (keywords or {}).items() if value is not None}
        results = _names(node, result)
        dtype = self.view.dtype(results[0])
        if dtype in ("float64", "float16", "bfloat16"):
            given["dtype"] = dtype
        layer = Layer(path, tuple(arguments), tuple(given.items()), tuple(origins.items()), scope)
        taken = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
        passed = (list(taken),) if isinstance(inputs, list | tuple) else taken
        shapes = None if shape is None else [shape]
        return self._add(layer, passed, dict(call or {}), results, node.name, scope, shapes)

    def operation(
        self,
        node: Any,
        function: str,
        *arguments: Any,
        result: str | Sequence[str] | None = None,
        **keywords: Any,
    ) -> Tensor:
        """Adds the call of a function or an operator such as `+`, and returns its output.

        Args:
            node: the node that gives the result.
            function: a path such as `keras.ops.matmul`, or an operator.
            *arguments: tensors and literals.
            result: the tensor, or tensors, of the graph with the shape of the output.
            **keywords: keyword arguments; those that are None are left out.
        """
        given = {name: value for name, value in keywords.items() if value is not None}
        results = _names(node, result)
        return self._add(function, arguments, given, results, node.name, node.name)

    def derived(
        self,
        node: Any,
        function: str,
        *arguments: Any,
        shape: tuple[int | None, ...] | None,
        dtype: str | None = None,
        scope: str | None = None,
        also: Mapping[str, Any] | None = None,
        **keywords: Any,
    ) -> Tensor:
        """Adds an operation whose result is no tensor of the graph, but a part of one's making.

        Args:
            node: the node that the result is for.
            function: as for `operation`.
            *arguments: as for `operation`.
            shape: the static shape of the result.
            dtype: the dtype of the result; the default is the node's.
            scope: the name of the result in the code; the default is that of the function.
            also: keyword arguments of the function with a name that stands here already.
            **keywords: as for `operation`.
        """
        named = scope or (function.rpartition(".")[2] if "." in function else node.name)
        step = self.program.add(
            function,
            arguments,
            {**keywords, **(also or {})},
            [self._of_turns(shape, arguments)],
            [dtype or self.view.dtype(f"{node.name}:0")],
            [node.name],
            named,
        )
        return Tensor(step)

    def replaced(
        self,
        step: Step,
        node: Any,
        layer: Layer,
        shape: tuple[int | None, ...] | None = None,
    ) -> Tensor:
        """Adds a step as another one, with another layer, that gives the value of a node.

        Args:
            step: the step whose arguments are taken.
            node: the node that gives the result.
            layer: the layer, such as that of the step with an activation more.
            shape: the shape of the result; the default is the node's.
        """
        results = [f"{node.name}:0"]
        shapes = None if shape is None else [shape]
        return self._add(
            layer, step.arguments, dict(step.keywords), results, node.name, step.scope, shapes
        )

    def _add(
        self,
        callee: Layer | str,
        arguments: Sequence[Any],
        keywords: dict[str, Any],
        results: Sequence[str],
        node: str,
        scope: str,
        shapes: Sequence[tuple[int | None, ...] | None] | None = None,
    ) -> Tensor:
        step = self.program.add(
            callee,
            arguments,
            keywords,
            shapes or [self._of_turns(self.view.shape(each), arguments) for each in results],
            [self.view.dtype(each) for each in results],
            [node],
            scope,
            sequence=len(results) > 1,
        )
        return Tensor(step)

    # The notes of steps.

    def note(self, tensor: Tensor, sentence: str) -> None:
        """Keeps a sentence that a reader must know of the step that gives a tensor."""
        self._notes.append((tensor.step, sentence))

    def forget_notes(self, in_training: Tensor, in_evaluation: Tensor) -> None:
        """Drops the notes of dropout on the way from one tensor to another: a flag chooses."""
        waiting, seen = [in_training.step], {id(in_evaluation.step)}
        while waiting:
            step = waiting.pop()
            if id(step) in seen:
                continue
            seen.add(id(step))
            if step.layer is not None and step.layer.path in DROPOUTS:
                self._notes = [each for each in self._notes if each[0] is not step]
            waiting += [tensor.step for tensor in step.tensors()]

    def notes_of(self, tensors: Sequence[Tensor]) -> dict[str, str]:
        """Returns `{node: its note}` of the steps that some tensors need."""
        live = {id(step) for step in self.program.live(tensors)}
        return {step.nodes[0]: note for step, note in self._notes if id(step) in live}


def _names(node: Any, result: str | Sequence[str] | None) -> list[str]:
    """Returns the tensors of a result: those that are named, or a node's first output."""
    if result is None:
        return [f"{node.name}:0"]
    return [result] if isinstance(result, str) else list(result)


def _listed(array: np.ndarray) -> Any:
    """Returns an array as nested lists of numbers of its own precision."""
    if array.ndim == 0:
        return array[()]
    return [_listed(each) if array.ndim > 1 else each for each in array]
