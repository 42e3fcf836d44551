"""Says what the nodes of a TF1 training graph are for: inputs, labels, loss, draws, variables."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph.meta_graph import MetaGraph
from tf_recipes.graph.nodes import PLACEHOLDERS, RANDOM, SOURCES, VARIABLES, node_of
from tf_recipes.graph.update_ops import Update

_APPLY = re.compile(r"(Resource)?(Sparse)?Apply[A-Z]\w*$")
_WRITES = re.compile(r"(Assign(Add|Sub)?|(Resource)?Scatter\w+|Assign\w*VariableOp)$")
_GRADIENT_OF = re.compile(r"(?:^|/)gradients(?:_\d+)?/(.+)_grad/[^/]+(?:/[^/]+)*$")
_ONES = re.compile(r"(?:^|/)gradients(?:_\d+)?/(?:Fill|grad_ys_\d+)$")


def _reached(first: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    """Returns some nodes and all that follow them, however far; a circle ends the walk."""
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += following(name)
    return found


class Structure:
    """Answers questions about the nodes of a graph.

    Args:
        graph: a `MetaGraph`.
        train_op: the name of the operation that makes a training step, or several names, where the
            program runs more with it, such as the updates of batch norm. None takes the one in the
            collection `train_op`, or the only operation that can be one.
        loss: the name of the loss tensor; None finds the tensor whose gradients the step takes.

    Raises:
        ValueError: if the operation or the loss is not in the graph, or cannot be told.
    """

    def __init__(
        self,
        graph: MetaGraph,
        train_op: str | Sequence[str] | None = None,
        loss: str | None = None,
    ) -> None:
        self.graph = graph
        self.nodes = {node.name: node for node in graph.definition.node}
        given: Sequence[str | None] = (
            [train_op] if isinstance(train_op, str) else train_op or [None]
        )
        self.train_op, *self.also = (self._train_op(each) for each in given)
        # the nodes that a training step runs
        self.step = self.ancestors([self.train_op, *self.also])
        self.loss = self._loss(loss)
        self.step |= self.ancestors([node_of(self.loss)])

    def ancestors(self, names: Iterable[str], control: bool = True) -> set[str]:
        """Returns the named nodes and all nodes that they need.

        Args:
            names: names of nodes.
            control: True to follow control inputs, too.
        """
        return _reached(
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
        return _reached(names, lambda name: (e for e in self.consumers[name] if e in within))

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

    @functools.cached_property
    def variables(self) -> tuple[str, ...]:
        """Returns the variables that a step touches, and all that a collection names, in order."""
        listed = {
            name
            for collection in ("variables", "local_variables", "trainable_variables")
            for name in self.graph.collections.get(collection, ())
        }
        return tuple(
            name
            for name, node in self.nodes.items()
            if node.op in VARIABLES and (name in self.step or name in listed)
        )

    @functools.cached_property
    def trainable(self) -> tuple[str, ...]:
        """Returns the variables that the step changes by a gradient.

        Some optimizers change the rows of a sparse gradient by several operations; the collection
        `trainable_variables` tells those variables from moving averages.
        """
        changed = {update.variable for update in self.updates}
        listed = set(self.graph.collections.get("trainable_variables", ()))
        changed |= listed & self.written
        return tuple(name for name in self.variables if name in changed)

    @functools.cached_property
    def written(self) -> set[str]:
        """Returns the variables that an assignment or a scatter operation of the step changes."""
        found = (
            self.variable_of(next(self.inputs(name)))
            for name in self.step
            if _WRITES.match(self.nodes[name].op)
        )
        return {name for name in found if name}

    @functools.cached_property
    def updates(self) -> tuple[Update, ...]:
        """Returns the operations of the step that apply a gradient, one a variable."""
        return tuple(
            Update(self.nodes[name], self.variable_of)
            for name in self.nodes
            if name in self.step and _APPLY.match(self.nodes[name].op)
        )

    @functools.cached_property
    def draws(self) -> tuple[str, ...]:
        """Returns the tensors that a step draws at random, outside of loops."""
        return tuple(
            f"{name}:0"
            for name in self.nodes
            if name in self.step and self.nodes[name].op in RANDOM and name not in self.in_loops
        )

    @functools.cached_property
    def in_loops(self) -> set[str]:
        """Returns the nodes inside while loops, whose values no session can give."""
        enters = [name for name in self.nodes if self.nodes[name].op in ("Enter", "RefEnter")]
        return self._behind(enters, ("Exit", "RefExit"))

    @functools.cached_property
    def in_branches(self) -> set[str]:
        """Returns the nodes inside the branches of a `tf.cond`, of which one alone has values."""
        switches = [
            name
            for name in self.nodes
            if self.nodes[name].op in ("Switch", "RefSwitch") and name not in self.in_loops
        ]
        return self._behind(switches, ("Merge", "RefMerge"))

    def _behind(self, first: Iterable[str], last: Collection[str]) -> set[str]:
        """Returns some nodes and those behind them, up to operations of some kinds."""
        return _reached(
            first, lambda name: (e for e in self.consumers[name] if self.nodes[e].op not in last)
        )

    @functools.cached_property
    def placeholders(self) -> tuple[str, ...]:
        """Returns the placeholders that a step needs, in the graph's order."""
        return tuple(
            name
            for name, node in self.nodes.items()
            if name in self.step and node.op in PLACEHOLDERS
        )

    @functools.cached_property
    def sources(self) -> tuple[str, ...]:
        """Returns the tensors of a step that come from iterators and queues."""
        used = {each for name in self.step for each in self.nodes[name].input}
        return tuple(
            each if ":" in each else f"{each}:0"
            for each in sorted(used)
            if node_of(each) in self.nodes and self.nodes[node_of(each)].op in SOURCES
        )

    def has_default(self, placeholder: str) -> bool:
        """Returns whether a placeholder keeps a value where none is fed."""
        return bool(self.nodes[placeholder].op == "PlaceholderWithDefault")

    def reads_weights(self, name: str) -> bool:
        """Returns whether a node takes a trainable variable directly, or through Identity nodes."""
        return any(self.variable_of(each) in self.trainable for each in self.inputs(name))

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

    @functools.cached_property
    def forward(self) -> set[str]:
        """Returns the nodes from which the loss is computed."""
        return self.ancestors([node_of(self.loss)], control=False)

    def feeds_only_the_loss(self, tensor: str) -> bool:
        """Returns whether nothing that a fed tensor reaches takes a weight: a label does not."""
        reached = self.descendants(self.starts([tensor]), self.forward)
        return not any(self.reads_weights(name) for name in reached)

    def candidates(self, inputs: Iterable[str], others: Iterable[str]) -> list[str]:
        """Returns the nodes that depend on an input and on none of the others, in order.

        Those inside loops and branches are left out, since a session cannot always give them.

        Args:
            inputs: the tensors that a model takes.
            others: the labels.
        """
        everything = set(self.nodes)
        without = self.descendants(self.starts(others), everything)
        gradients = {name for name in self.nodes if _GRADIENT_OF.search(name)}
        found = self.descendants(self.starts(inputs), everything - without - gradients)
        found -= without | self.in_loops | self.in_branches
        found = {n for n in found if not self._needs(n, gradients)}
        return sorted(found, key=self.order.__getitem__)

    def _needs(self, name: str, forbidden: set[str]) -> bool:
        return any(each in forbidden for each in self.inputs(name))

    def output(self, inputs: Collection[str], labels: Collection[str]) -> str | None:
        """Returns the first tensor through which alone weights reach the labels: the predictions.

        It may be a step before what the program calls its output, such as the input of a softmax.

        Args:
            inputs: the tensors that a model takes.
            labels: the tensors that only the loss takes.

        Returns:
            The name of its operation, or None if there is none.
        """
        if not labels:
            return None
        mixed = self.descendants(self.starts(labels), self.forward)
        free = [name for name in self.candidates(inputs, labels) if name in self.forward]
        edge = {each for name in mixed for each in self.inputs(name) if each in set(free)}
        if not edge:
            return None
        first = [name for name in free if self.reads_weights(name)] or free[:1]
        for name in sorted(edge | self._above(edge, free), key=self.order.__getitem__):
            within = set(free) - {name}
            if not self.descendants([f for f in first if f != name], within) & (edge - {name}):
                return name
        return None

    def labels_of(self, outputs: Collection[str], labels: Collection[str]) -> dict[str, str]:
        """Returns `{output: the label that the loss compares with it}`, where one alone can be.

        An output and its label meet in a tensor on which no other label has an influence.

        Args:
            outputs: tensors of predictions.
            labels: the tensors that only the loss takes.
        """
        reached = {t: self.descendants(self.starts([t]), self.forward) for t in (*outputs, *labels)}
        possible = {}
        for output in outputs:
            own = {
                label: reached[label].difference(*(reached[t] for t in labels if t != label))
                for label in labels
            }
            possible[output] = {label for label in labels if reached[output] & own[label]}
        found: dict[str, str] = {}
        while True:  # what is the only one for an output is none of the others
            left = {o: p - set(found.values()) for o, p in possible.items() if o not in found}
            only = next((o for o, p in left.items() if len(p) == 1), None)
            if only is None:
                return found
            found[only] = left[only].pop()

    def _above(self, edge: set[str], free: list[str]) -> set[str]:
        return self.ancestors(edge, control=False) & set(free)

    def _train_op(self, given: str | None) -> str:
        """Returns the name of the training operation."""
        if given is not None:
            name = node_of(given)
            if name not in self.nodes:
                validation.fail(
                    "`train_op` must name an operation of the graph.",
                    f"train_op={shortened(given, 100)!r}",
                    f"The graph has {self._listed(self._possible_steps())}.",
                )
            return name
        noted = [node_of(n) for n in self.graph.collections.get("train_op", ())]
        found = [n for n in dict.fromkeys(noted) if n in self.nodes] or self._possible_steps()
        # `minimize` notes its own operation; a group around it, with other updates, is the step
        whole = [n for n in found if set(found) <= self.ancestors([n])]
        found = whole[:1] or found
        if len(found) != 1:
            validation.fail(
                "One operation must be the training step.",
                f"{len(found)} in {self.graph.source!r}: {self._listed(found)}",
                "Name the operation with train_op='NAME'."
                if found
                else "The graph must hold an optimizer's update, as tf.train.Saver writes it.",
            )
        return found[0]

    def _possible_steps(self) -> list[str]:
        """Returns the operations that run updates and that nothing else runs."""
        apply = [name for name, node in self.nodes.items() if _APPLY.match(node.op)]
        after = defaultdict(list)
        for name in self.nodes:
            for each in self.inputs(name, control=True):
                after[each].append(name)
        reached = _reached(apply, lambda name: after[name])
        return [name for name in self.nodes if name in reached and not after[name]]

    def _loss(self, given: str | None) -> str:
        """Returns the name of the loss tensor, with its index."""
        if given is not None:
            if node_of(given) not in self.nodes:
                validation.fail(
                    "`loss` must name a tensor of the graph.",
                    f"loss={shortened(given, 100)!r}",
                    "Pass the name that `loss.name` has in the TF1 program.",
                )
            return given if ":" in given else f"{given}:0"
        found = list(dict.fromkeys(self._losses()))
        if len(found) != 1:
            validation.fail(
                "One tensor must be the loss.",
                f"{len(found)} in {self.graph.source!r}: {self._listed(found)}",
                "Name the tensor with loss='NAME:0'.",
            )
        return found[0]

    def _losses(self) -> Iterator[str]:
        """Yields the tensors whose gradients the step takes.

        `tf.gradients` begins with a node `Fill` of ones, which the gradient of the loss takes, and
        names each gradient after the operation that it belongs to.
        """
        for name in self.nodes:
            if name not in self.step or not any(
                _ONES.search(node_of(each)) for each in self.nodes[name].input
            ):
                continue
            of = _GRADIENT_OF.search(name)
            if of and of[1] in self.nodes:
                yield f"{of[1]}:0"

    @staticmethod
    def _listed(names: Iterable[str]) -> str:
        listed = [repr(shortened(name, 60)) for name in names]
        more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
        return ", ".join(listed[:6]) + more if listed else "none"
