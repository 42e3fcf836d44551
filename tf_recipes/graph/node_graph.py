"""Walks a TF1 graph: what a node needs, what needs it, and which values stand in the graph."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes.graph.meta_graph import MetaGraph
from tf_recipes.graph.nodes import SOURCES, VARIABLES, node_of


def reached(first: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    """Returns some nodes and all that follow them, however far; a circle ends the walk."""
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += following(name)
    return found


class NodeGraph:
    """Holds the nodes of a graph by name, and walks from one to another.

    Args:
        graph: a `MetaGraph`.
    """

    def __init__(self, graph: MetaGraph) -> None:
        self.graph = graph
        self.nodes = {node.name: node for node in graph.definition.node}

    def ancestors(self, names: Iterable[str], control: bool = True) -> set[str]:
        """Returns the named nodes and all nodes that they need.

        Args:
            names: names of nodes.
            control: True to follow control inputs, too.
        """
        return reached(
            (name for name in names if name in self.nodes),
            lambda name: (each for each in self.inputs(name, control) if each in self.nodes),
        )

    def inputs(self, name: str, control: bool = False) -> Iterator[str]:
        """Yields the names of the nodes that a node takes its inputs from."""
        for each in self.nodes[name].input:
            if control or not each.startswith("^"):
                yield node_of(each)

    @functools.cached_property
    def consumers(self) -> dict[str, list[str]]:
        """Returns `{node: the nodes that take its outputs as data}`."""
        found = defaultdict(list)
        for name in self.nodes:
            for each in self.inputs(name):
                found[each].append(name)
        return found

    def starts(self, tensors: Iterable[str]) -> list[str]:
        """Returns the nodes with which what depends on some tensors begins.

        A placeholder begins itself. An iterator gives several tensors, so that the nodes which read
        one of them begin.
        """
        found = []
        for tensor in tensors:
            name = node_of(tensor)
            if self.nodes[name].op not in SOURCES:
                found.append(name)
                continue
            written = (name,) if tensor in (name, f"{name}:0") else ()
            found += [
                each
                for each in self.consumers[name]
                if any(i == tensor or i in written for i in self.nodes[each].input)
            ]
        return found

    def descendants(self, names: Iterable[str], within: Collection[str]) -> set[str]:
        """Returns the nodes of `within` that depend on one of the named nodes, and those."""
        return reached(names, lambda name: (e for e in self.consumers[name] if e in within))

    def dependents(self, names: Collection[str]) -> set[str]:
        """Returns the nodes that need one of the named nodes, also by control inputs, and those."""
        found = set(names)
        waiting: dict[str, list[str]] = defaultdict(list)
        for name in self.nodes:
            for each in self.inputs(name, control=True):
                waiting[each].append(name)
        return reached(found, waiting.__getitem__)

    @functools.cached_property
    def order(self) -> dict[str, int]:
        """Returns each node's place in an order in which inputs come before what needs them."""
        placed: dict[str, int] = {}
        for root in self.nodes:
            waiting = [(root, False)]
            while waiting:
                name, ready = waiting.pop()
                if ready:
                    placed.setdefault(name, len(placed))
                elif name not in placed:
                    waiting.append((name, True))
                    loop = self.nodes[name].op in ("Merge", "RefMerge")
                    for each in self.inputs(name, control=True):
                        back = loop and self.nodes.get(each, self.nodes[name]).op.endswith(
                            "NextIteration"
                        )
                        if each in self.nodes and each not in placed and not back:
                            waiting.append((each, False))
        return placed

    def variable_of(self, name: str) -> str | None:
        """Returns the variable whose value a node is: itself, or what it reads."""
        passes = ("Identity", "ReadVariableOp", "Enter", "RefEnter", "Switch", "RefSwitch", "Cast")
        for _ in range(20):
            node = self.nodes.get(name)
            if node is None or node.op in VARIABLES:
                return name if node is not None else None
            if node.op not in passes or not node.input:
                return None
            name = node_of(node.input[0])
        return None

    def constant(self, tensor: str) -> NDArray[Any] | None:
        """Returns the value of a constant, also behind Identity nodes, or None for another node."""
        name = node_of(tensor)
        for _ in range(20):
            node = self.nodes.get(name)
            if node is not None and node.op == "Const":
                return np.asarray(tf.make_ndarray(node.attr["value"].tensor))
            if node is None or node.op not in ("Identity", "Enter", "StopGradient", "Switch"):
                return None
            name = node_of(node.input[0])
        return None
