"""Tells which nodes of a TF1 graph lie inside loops and branches, and which branch each needs."""

from __future__ import annotations

from tf_recipes.graph.node_graph import NodeGraph
from tf_recipes.graph.nodes import full, node_of

Condition = tuple[str, bool]  # the tensor that a `tf.cond` asks, and the answer
_ENTERS, _EXITS = ("Enter", "RefEnter"), ("Exit", "RefExit")
_SWITCHES = ("Switch", "RefSwitch")
_NEXT = ("NextIteration", "RefNextIteration")


class ControlFlow:
    """Holds the nodes inside loops, and the conditions on which each other node has values.

    Nodes with a control input alone, such as a constant, lie where that input lies.

    Args:
        graph: the nodes.

    Attributes:
        in_loops: the nodes inside while loops.
        conditions: `{node: {(tensor, answer), ...}}` of the nodes inside a branch of a `tf.cond`;
            a node runs where each tensor has that answer.
    """

    def __init__(self, graph: NodeGraph) -> None:
        self._graph = graph
        self.in_loops: set[str] = set()
        self.conditions: dict[str, frozenset[Condition]] = {}
        depth: dict[str, int] = {}
        for name in graph.order:
            node = graph.nodes[name]
            sources = [e for e in node.input if graph.nodes.get(node_of(e), node).op not in _NEXT]
            inside = max((depth.get(node_of(each), 0) for each in sources), default=0)
            loops = any(graph.nodes[node_of(e)].op in _ENTERS for e in sources if self._knows(e))
            given = [self.needed(each) for each in sources]
            if node.op in ("Merge", "RefMerge") and not loops and given:
                needed = frozenset.intersection(*given)
            else:
                needed = frozenset().union(*given)
            if needed:
                self.conditions[name] = needed
            if node.op in _EXITS:
                inside -= 1
            depth[name] = inside + (node.op in _ENTERS)
            if depth[name] > 0:
                self.in_loops.add(name)

    def _knows(self, tensor: str) -> bool:
        return node_of(tensor) in self._graph.nodes

    @property
    def in_branches(self) -> set[str]:
        """Returns the nodes of which not every output has a value in each run."""
        nodes = self._graph.nodes
        switches = {n for n in nodes if nodes[n].op in _SWITCHES and n not in self.in_loops}
        return {*self.conditions, *switches}

    def needed(self, tensor: str) -> frozenset[Condition]:
        """Returns the conditions on which a tensor has a value, or a control input runs."""
        name = node_of(tensor)
        needed = self.conditions.get(name, frozenset())
        node = self._graph.nodes.get(name)
        if node is None or node.op not in _SWITCHES or tensor.startswith("^"):
            return needed
        asked = self._origin(node.input[1])
        if self._graph.nodes[node_of(asked)].op == "LoopCond":
            return needed
        return needed | {(asked, tensor.endswith(":1"))}

    def _origin(self, tensor: str) -> str:
        """Returns the tensor of the same value before Identity and Switch, with its index."""
        passes = ("Identity", *_SWITCHES)
        while self._knows(tensor) and self._graph.nodes[node_of(tensor)].op in passes:
            tensor = self._graph.nodes[node_of(tensor)].input[0]
        return full(tensor)
