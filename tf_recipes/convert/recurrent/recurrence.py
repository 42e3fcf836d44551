"""Holds what is recurrent in a graph, found once for all patterns that ask."""

from __future__ import annotations

import weakref
from collections.abc import Mapping

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.recurrent import cells, chains, loops
from tf_recipes.convert.recurrent.cell import Cell
from tf_recipes.convert.recurrent.chains import Chain
from tf_recipes.convert.recurrent.loops import Loop
from tf_recipes.graph.nodes import node_of


class Recurrence:
    """Holds the loops, cells and chains of a graph.

    Args:
        view: the graph.
    """

    def __init__(self, view: GraphView) -> None:
        self.loops: Mapping[str, Loop] = loops.find(view)
        self._frames = {node: frame for frame, loop in self.loops.items() for node in loop.nodes}
        self.cells = {cell.root: cell for cell in cells.find(view)}
        self._by_node = {node_of(root): cell for root, cell in self.cells.items()}
        unrolled = [each for root, each in self.cells.items() if self.loop(root) is None]
        self.chains: dict[str, Chain] = {}  # by the nodes of the cells' outputs
        for chain in chains.find(view, unrolled):
            self.chains.update((node_of(cell.root), chain) for cell in chain.cells)

    def loop(self, name: str) -> Loop | None:
        """Returns the loop in whose turns a node is, or None."""
        frame = self._frames.get(node_of(name))
        return None if frame is None else self.loops[frame]

    def cell(self, name: str) -> Cell | None:
        """Returns the cell whose output a node gives, or None."""
        return self._by_node.get(node_of(name))


_FOUND: weakref.WeakKeyDictionary[GraphView, Recurrence] = weakref.WeakKeyDictionary()


def of(view: GraphView) -> Recurrence:
    """Returns what is recurrent in a graph."""
    if view not in _FOUND:
        _FOUND[view] = Recurrence(view)
    return _FOUND[view]
