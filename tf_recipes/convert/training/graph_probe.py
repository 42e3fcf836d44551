"""Computes tensors of a TF1 graph from given values, without variables and without side effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph.graph_session import touches
from tf_recipes.graph.nodes import PLACEHOLDERS, RANDOM, SOURCES, full, node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.tf1_server import as_written

Array = NDArray[Any]


class NeedsValueError(ValueError):
    """Says that a person must give a value."""


class ProbeError(ValueError):
    """Says that a part of a graph cannot be computed by itself."""


class Probe:
    """Computes some tensors as a function of given tensors, variables and placeholders.

    Only the nodes between them are run, without what they wait for. So a measurement needs no
    checkpoint and no batch, and changes nothing.

    Args:
        structure: the `Structure` of the graph.
        fetched: the tensors to compute.
        given: `{tensor: dtype}` of the tensors whose values are given; what they come from is not
            computed.

    Attributes:
        variables: the variables that the tensors depend on.
        placeholders: the placeholders, and the tensors of iterators, that they depend on.
        random: the random operations that they depend on.
        nodes: the nodes that are computed.

    Raises:
        ProbeError: if TensorFlow refuses the part, or it touches files.
    """

    def __init__(
        self,
        structure: Structure,
        fetched: Sequence[str],
        given: Mapping[str, str] | None = None,
    ) -> None:
        self._structure = structure
        self._given = {full(name): dtype for name, dtype in (given or {}).items()}
        self.fetched = [full(name) for name in fetched]
        self.variables: list[str] = []
        self.placeholders: list[str] = []
        self.random: list[str] = []
        self.nodes: set[str] = set()
        self._readers: dict[str, str] = {}  # the placeholder of a variable's value -> variable
        self._names: dict[str, str] = {}  # tensor -> its name in the small graph
        self._graph = tf.Graph()
        part = self._part()
        with self._graph.as_default():
            try:
                tf.graph_util.import_graph_def(part, name="")
            except Exception as error:  # TensorFlow raises many types for graphs it refuses
                raise ProbeError(_said(error)) from error
        self._session = tf.compat.v1.Session(graph=self._graph, config=as_written())

    def close(self) -> None:
        """Frees the session."""
        self._session.close()

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _part(self) -> Any:
        """Returns the nodes between the given and the fetched tensors, a `GraphDef`."""
        source = self._structure.graph.definition
        part = tf.compat.v1.GraphDef(versions=source.versions)
        part.library.CopyFrom(source.library)
        for k, (tensor, dtype) in enumerate(self._given.items()):
            self._names[tensor] = f"given_tensor_{k}:0"
            self._add_placeholder(part, f"given_tensor_{k}", tf.as_dtype(dtype).as_datatype_enum)
        waiting = [name for name in self.fetched if name not in self._given]
        while waiting:
            name = node_of(waiting.pop())
            if name in self.nodes:
                continue
            self.nodes.add(name)
            node = self._structure.nodes.get(name)
            if node is None:
                raise ProbeError(f"no node {shortened(name, 80)!r}")
            if touches(node.op):
                raise ProbeError(f"the operation {node.op} at {shortened(name, 80)!r}")
            variable = self._read(node)
            if variable is not None:
                self._readers[name] = variable
                if variable not in self.variables:
                    self.variables.append(variable)
                self._add_placeholder(part, name, node.attr["dtype"].type)
                continue
            if node.op in PLACEHOLDERS:
                self.placeholders.append(f"{name}:0")
            if node.op in RANDOM:
                self.random.append(name)
            kept = part.node.add()
            kept.CopyFrom(node)
            del kept.input[:]
            for each in node.input:
                if each.startswith("^"):
                    if self._is_pivot(node_of(each)):
                        kept.input.append(each)
                        waiting.append(node_of(each))
                    continue
                tensor = full(each)
                self._cut_source(part, tensor)
                kept.input.append(self._names.get(tensor, tensor))
                if tensor not in self._given:
                    waiting.append(tensor)
        return part

    def reads_of(self, variable: str) -> list[str]:
        """Returns the nodes that give the value of a variable."""
        return [name for name, each in self._readers.items() if each == variable]

    def _read(self, node: Any) -> str | None:
        """Returns the variable whose value a node gives directly, or None."""
        if node.op in ("VariableV2", "Variable"):
            return str(node.name)
        if node.op == "ReadVariableOp":
            return self._structure.variable_of(node_of(node.input[0]))
        return None

    def _cut_source(self, part: Any, tensor: str) -> None:
        """Makes a placeholder of what an iterator or a queue gives."""
        node = self._structure.nodes.get(node_of(tensor))
        if node is None or node.op not in SOURCES or tensor in self._given:
            return
        attribute = "output_types" if "output_types" in node.attr else "component_types"
        dtype = node.attr[attribute].list.type[int(tensor.partition(":")[2])]
        name = f"source_tensor_{len(self.placeholders)}"
        self._given[tensor], self._names[tensor] = tf.as_dtype(dtype).name, f"{name}:0"
        self.placeholders.append(tensor)
        self._add_placeholder(part, name, dtype)

    def _is_pivot(self, name: str) -> bool:
        """Returns whether a node says which branch of a `tf.cond` runs."""
        for _ in range(3):
            node = self._structure.nodes.get(name)
            if node is None or node.op in ("Switch", "RefSwitch"):
                return node is not None
            if node.op != "Identity":
                return False
            name = node_of(node.input[0])
        return False

    @staticmethod
    def _add_placeholder(part: Any, name: str, dtype: int) -> None:
        node = part.node.add()
        node.name, node.op = name, "Placeholder"
        node.attr["dtype"].type = dtype % 100  # without the mark of a reference
        node.attr["shape"].shape.unknown_rank = True

    def run(
        self,
        given: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> list[Array]:
        """Returns the values of the fetched tensors.

        Args:
            given: `{tensor or placeholder: value}`.
            variables: `{variable: value}`.

        Raises:
            ProbeError: if a value is missing, or does not fit.
        """
        feeds, values = {}, {full(n): v for n, v in (given or {}).items()}
        for tensor, value in values.items():
            name = self._names.get(tensor, tensor)
            if tensor in self._given or node_of(tensor) in self.nodes:
                feeds[name] = value
        for reader, variable in self._readers.items():
            if variables is None or variable not in variables:
                raise ProbeError(f"no value for the variable {shortened(variable, 80)!r}")
            feeds[f"{reader}:0"] = variables[variable]
        names = [self._names.get(each, each) for each in self.fetched]
        try:
            return [np.asarray(each) for each in self._session.run(names, feeds)]
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise ProbeError(_said(error)) from error


def _said(error: Exception) -> str:
    """Returns the line of TensorFlow's message that says what went wrong."""
    aside = ("Graph execution error", "Detected at node", "Node:", "[[", "Original stack trace")
    lines = (line.strip() for line in str(error).splitlines())
    found = next((line for line in lines if line and not line.startswith(aside)), "no word")
    return shortened(found, 200)


def first_value(structure: Structure, variable: str) -> Array | None:
    """Returns the value that a variable begins with, or None where it is random."""
    writer = structure.nodes.get(f"{variable}/Assign")
    if writer is None:
        return None
    try:
        with Probe(structure, [writer.input[1]]) as probe:
            alone = not (probe.random or probe.variables or probe.placeholders)
            return probe.run()[0] if alone else None
    except ProbeError:
        return None


def needs_value(structure: Structure, placeholder: str, field: str = "feed") -> Any:
    """Raises the error that says that a placeholder of the training step has no value.

    Raises:
        NeedsValueError: always.
    """
    name = node_of(placeholder)
    try:
        return validation.fail(
            "Every placeholder of the training step that is no label must have a value.",
            f"none for {shortened(name, 100)!r} in {structure.graph.source!r}",
            f"Pass {field}={{{name!r}: VALUE}}, or convert for predictions alone with "
            "inference=True.",
        )
    except ValueError as error:
        raise NeedsValueError(str(error)) from None
