"""Defines what a cell of a recurrent net is: its gates, its states and what they multiply."""

from __future__ import annotations

import dataclasses

from tf_recipes.convert.recurrent.affine import Affine


@dataclasses.dataclass(frozen=True)
class Gate:
    """Describes a gate: an activation of a sum; `negated` for one minus such a gate."""

    activation: str
    sum: Affine
    negated: bool = False


@dataclasses.dataclass(frozen=True)
class Cell:
    """Describes a cell in one step of time.

    Attributes:
        kind: "lstm", "gru" or "simple".
        root: the tensor of its new state, which is its output.
        state: the tensor of the state before; None where the chain of the cells tells it alone.
        memory: the tensor of an LSTM's other state before, and None for other cells.
        new_memory: the tensor of an LSTM's other new state.
        gates: in Keras' order: (i, f, c, o), (z, r, h) or one.
    """

    kind: str
    root: str
    state: str | None
    memory: str | None
    new_memory: str | None
    gates: tuple[Gate, ...]
    scaled: str | None = None  # a GRU's state times its reset gate

    @property
    def units(self) -> int:
        """Returns the number of units."""
        first, last = self.gates[0].sum.products[0][1].columns
        return last - first

    def inputs(self, state: str | None) -> list[str]:
        """Returns the tensors besides the state that the gates multiply, each once."""
        found: dict[str, None] = {}
        for gate in self.gates:
            found.update(dict.fromkeys(gate.sum.sources()))
        return [each for each in found if each not in (state, self.scaled)]
