"""Says what the operations of a TF1 graph that apply gradients take."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tf_recipes.graph.nodes import full, node_of

# the inputs of each operation after its variable, as the kernels name them
_INPUTS = {
    "GradientDescent": ("rate", "gradient"),
    "Momentum": ("accumulator", "rate", "gradient", "momentum"),
    "KerasMomentum": ("accumulator", "rate", "gradient", "momentum"),
    "Adam": (
        *("m", "v", "beta1_power", "beta2_power", "rate"),
        *("beta1", "beta2", "epsilon", "gradient"),
    ),
    "RMSProp": ("ms", "momentum_slot", "rate", "decay", "momentum", "epsilon", "gradient"),
    "CenteredRMSProp": (
        *("mg", "ms", "momentum_slot", "rate", "decay", "momentum", "epsilon", "gradient"),
    ),
    "Adagrad": ("accumulator", "rate", "gradient"),
    "AdagradV2": ("accumulator", "rate", "epsilon", "gradient"),
    "Adadelta": ("accumulator", "delta", "rate", "rho", "epsilon", "gradient"),
    "Ftrl": ("accumulator", "linear", "gradient", "rate", "l1", "l2", "rate_power"),
    "FtrlV2": (
        *("accumulator", "linear", "gradient", "rate", "l1", "l2", "l2_shrinkage", "rate_power"),
    ),
}
_SLOTS = ("accumulator", "m", "v", "ms", "mg", "momentum_slot", "delta", "linear")


class Update:
    """Says what one update operation takes: its variable, its slots and its numbers.

    Args:
        node: the operation.
        variable_of: returns the variable whose value a node is, or None.
        of_rows: the tensors of gradient descent of looked-up rows, by `descent_of_rows`; None for
            an operation that has a kernel of its own.
    """

    def __init__(
        self,
        node: Any,
        variable_of: Callable[[str], str | None],
        of_rows: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.op = str(node.name), str(node.op)
        kernel = re.sub(r"^(Resource)?(Sparse)?Apply", "", node.op)
        self.kind = {"FtrlV2": "Ftrl", "AdagradV2": "Adagrad"}.get(kernel, kernel)
        self.sparse = "Sparse" in node.op
        self.nesterov = bool(node.attr["use_nesterov"].b) if "use_nesterov" in node.attr else False
        data = [each for each in node.input if not each.startswith("^")]
        self.variable = variable_of(node_of(data[0])) or node_of(data[0])
        self.slots: dict[str, str] = {}
        if of_rows is not None:
            self.kind, self.sparse, self.tensors = "GradientDescent", True, dict(of_rows)
            return
        roles = _INPUTS.get(kernel, ())
        if self.sparse:  # the rows of the gradient come right after it
            roles = tuple(
                each
                for role in roles
                for each in ((role, "rows") if role == "gradient" else (role,))
            )
        named = dict(zip(roles, data[1:], strict=False))
        self.slots = {
            role: variable_of(node_of(named[role])) or node_of(named[role])
            for role in _SLOTS
            if role in named
        }
        # the tensors of the rate, the gradient and the other numbers, by the kernels' names
        self.tensors = {role: full(tensor) for role, tensor in named.items() if role not in _SLOTS}
