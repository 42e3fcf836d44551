"""Says what the nodes of a TF1 training graph are for: inputs, labels, loss, draws, variables."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from tf_recipes.graph.control_flow import ControlFlow
from tf_recipes.graph.meta_graph import MetaGraph
from tf_recipes.graph.node_graph import NodeGraph, reached
from tf_recipes.graph.nodes import PLACEHOLDERS, RANDOM, SOURCES, VARIABLES, full, node_of
from tf_recipes.graph.training_step import (
    APPLIES,
    GRADIENT_OF,
    WRITES,
    descent_of_rows,
    find_loss,
    find_train_op,
)
from tf_recipes.graph.update_ops import Update


class Structure(NodeGraph):
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
        super().__init__(graph)
        given: Sequence[str | None] = (
            [train_op] if isinstance(train_op, str) else train_op or [None]
        )
        self.train_op, *self.also = (find_train_op(self, each) for each in given)
        # the nodes that a training step runs
        self.step = self.ancestors([self.train_op, *self.also])
        self.loss = find_loss(self, self.step, loss)
        self.step |= self.ancestors([node_of(self.loss)])

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
            if WRITES.match(self.nodes[name].op)
        )
        return {name for name in found if name}

    @functools.cached_property
    def updates(self) -> tuple[Update, ...]:
        """Returns the operations of the step that apply a gradient, one a variable."""
        found = []
        for name in (each for each in self.nodes if each in self.step):
            if APPLIES.match(self.nodes[name].op):
                found.append(Update(self.nodes[name], self.variable_of))
            elif (rows := descent_of_rows(self, name)) is not None:
                found.append(Update(self.nodes[name], self.variable_of, rows))
        return tuple(found)

    @functools.cached_property
    def forward(self) -> set[str]:
        """Returns the nodes from which the loss is computed."""
        return self.ancestors([node_of(self.loss)], control=False)

    @functools.cached_property
    def draws(self) -> tuple[str, ...]:
        """Returns the tensors that a step draws at random, outside of loops and functions."""
        return tuple(
            f"{name}:0"
            for name in self.nodes
            if name in self.step and self.nodes[name].op in RANDOM and name not in self.in_loops
        )

    @property
    def normal_draws(self) -> tuple[str, ...]:
        """Returns those of the random tensors that are drawn from the normal distribution."""
        normal = "RandomStandardNormal"
        return tuple(each for each in self.draws if self.nodes[node_of(each)].op == normal)

    @functools.cached_property
    def hidden_draws(self) -> tuple[str, ...]:
        """Returns the nodes of a step that draw at random where no session can read what they draw.

        They lie inside while loops, or inside functions that a node calls.
        """
        library = self.graph.definition.library.function
        functions = {each.signature.name: each.node_def for each in library}

        def draws(node: Any, seen: tuple[str, ...] = ()) -> bool:
            called = {node.op, *(v.func.name for v in node.attr.values())}
            called |= {each.name for v in node.attr.values() for each in v.list.func}
            inner = [name for name in called if name in functions and name not in seen]
            return node.op in RANDOM or any(
                draws(each, (*seen, name)) for name in inner for each in functions[name]
            )

        shown = {node_of(each) for each in self.draws}
        data = re.compile(r"Iterator|Dataset")
        return tuple(
            name
            for name, node in self.nodes.items()
            if name in self.step and name not in shown and not data.search(node.op) and draws(node)
        )

    @functools.cached_property
    def control_flow(self) -> ControlFlow:
        """Returns what lies inside loops and branches."""
        return ControlFlow(self)

    @property
    def in_loops(self) -> set[str]:
        """Returns the nodes inside while loops, whose values no session can give."""
        return self.control_flow.in_loops

    @functools.cached_property
    def in_branches(self) -> set[str]:
        """Returns the nodes inside the branches of a `tf.cond`, of which one alone has values."""
        return self.control_flow.in_branches

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
            full(each)
            for each in sorted(used)
            if node_of(each) in self.nodes and self.nodes[node_of(each)].op in SOURCES
        )

    def has_default(self, placeholder: str) -> bool:
        """Returns whether a placeholder keeps a value where none is fed."""
        return bool(self.nodes[placeholder].op == "PlaceholderWithDefault")

    def reads_weights(self, name: str) -> bool:
        """Returns whether a node takes a trainable variable directly, or through Identity nodes."""
        trainable = set(self.trainable)
        return any(trainable.intersection(self.values_of(each)) for each in self.inputs(name))

    def values_of(self, name: str) -> tuple[str, ...]:
        """Returns the variable whose value a node is, or those that a partitioner joins there."""
        found = self.variable_of(name)
        if found is not None:
            return (found,)
        node = self.nodes.get(name)
        while node is not None and node.op == "Identity" and node.input:
            node = self.nodes.get(node_of(node.input[0]))
        if node is None or node.op not in ("ConcatV2", "Concat"):
            return ()
        axis = node.input[-1 if node.op == "ConcatV2" else 0]
        parts = [self.variable_of(node_of(each)) for each in node.input if each != axis]
        return tuple(each or "" for each in parts) if all(parts) else ()

    def feeds_only_the_loss(self, tensor: str) -> bool:
        """Returns whether nothing that a fed tensor reaches takes a weight: a label does not.

        A weight of one number may scale a loss, so that behind a sum or a mean it tells nothing.
        """
        starts = self.starts([tensor])
        reached = self.descendants(starts, self.forward)
        reads = {name for name in reached if self.reads_weights(name)}
        scalars = {name for name in reads if self._reads_scalars(name)}
        if reads - scalars:
            return False
        sums = {name for name in reached if self.nodes[name].op in ("Sum", "Mean")}
        return not scalars & self.descendants(starts, self.forward - sums)

    def _reads_scalars(self, name: str) -> bool:
        """Returns whether the trainable variables that a node takes have one number each."""
        taken = {each for i in self.inputs(name) for each in self.values_of(i)}
        shapes = [self.nodes[each].attr["shape"].shape for each in taken & set(self.trainable)]
        return all(not each.dim and not each.unknown_rank for each in shapes)

    def candidates(self, inputs: Iterable[str], others: Iterable[str]) -> list[str]:
        """Returns the nodes that depend on an input and on none of the others, in order.

        Those inside loops and branches are left out, since a session cannot always give them.

        Args:
            inputs: the tensors that a model takes.
            others: the labels.
        """
        everything = set(self.nodes)
        without = self.descendants(self.starts(others), everything)
        gradients = {name for name in self.nodes if GRADIENT_OF.search(name)}
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
        return next(self.passages(inputs, labels), None)

    def passages(self, inputs: Collection[str], labels: Collection[str]) -> Iterator[str]:
        """Yields each operation through which alone weights reach the labels, in order.

        Args:
            inputs: the tensors that a model takes.
            labels: the tensors that only the loss takes.
        """
        mixed = self.descendants(self.starts(labels), self.forward) if labels else set()
        free = [name for name in self.candidates(inputs, labels) if name in self.forward]
        edge = {each for name in mixed for each in self.inputs(name)} & set(free)
        first = [name for name in free if self.reads_weights(name)] or free[:1]
        for name in sorted(edge | self._above(edge, free), key=self.order.__getitem__):
            within = set(free) - {name}
            if not self.descendants([f for f in first if f != name], within) & (edge - {name}):
                yield name

    def labels_of(self, outputs: Collection[str], labels: Collection[str]) -> dict[str, str]:
        """Returns `{output: the label that the loss compares with it}`, where one alone can be.

        An output and its label meet in a tensor on which no other label has an influence. For an
        output that the loss does not take, such as the softmax of what it takes, the nearest
        tensors count that the output is computed from and the loss, too.

        Args:
            outputs: tensors of predictions.
            labels: the tensors that only the loss takes.
        """
        taken = {
            **{t: self._taken_by_the_loss(node_of(t)) for t in outputs},
            **{t: self.starts([t]) for t in labels},
        }
        behind = {t: self.descendants(names, self.forward) for t, names in taken.items()}
        possible = {}
        for output in outputs:
            own = {
                label: behind[label].difference(*(behind[t] for t in labels if t != label))
                for label in labels
            }
            possible[output] = {label for label in labels if behind[output] & own[label]}
        found: dict[str, str] = {}
        while True:  # what is the only one for an output is none of the others
            left = {o: p - set(found.values()) for o, p in possible.items() if o not in found}
            only = next((o for o, p in left.items() if len(p) == 1), None)
            if only is None:
                return found
            found[only] = left[only].pop()

    def weights_of_samples(self, labels: Collection[str]) -> list[str]:
        """Returns those labels that only multiply, or average, what another label gave already.

        Args:
            labels: the tensors that only the loss takes.
        """
        trained = self.descendants(self.trainable, self.forward)
        behind = {t: self.descendants(self.starts([t]), self.forward) for t in labels}
        found = []
        for label, nodes in behind.items():
            compared = {n for t in labels if t != label for n in behind[t]} & trained
            meetings = [
                [each for each in self.inputs(n) if each in trained and each not in nodes]
                for n in nodes & trained
            ]
            meetings = [each for each in meetings if each]
            if meetings and all(set(each) <= compared for each in meetings):
                found.append(label)
        return found

    def _taken_by_the_loss(self, name: str) -> list[str]:
        """Returns a node if the loss needs it, else the nearest before it that the loss needs."""
        passed = reached(
            [name] if name in self.nodes else [],
            lambda each: () if each in self.forward else filter(self.nodes.get, self.inputs(each)),
        )
        return [each for each in passed if each in self.forward]

    def _above(self, edge: set[str], free: list[str]) -> set[str]:
        return self.ancestors(edge, control=False) & set(free)
