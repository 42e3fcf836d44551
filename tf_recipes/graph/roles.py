"""Says what the variables of a TF1 training graph are for, and which of them belong together."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Iterable, Iterator

from tf_recipes.graph.graph_session import GraphSession
from tf_recipes.graph.nodes import node_of

KERNEL, BIAS = "kernel", "bias"
GAMMA, BETA, MEAN, VARIANCE = "gamma", "beta", "moving_mean", "moving_variance"
OTHER = "other"
NORMALIZATION = (GAMMA, BETA, MEAN, VARIANCE)
# the last part of a variable's name, in all libraries of TF1 -> the role
_LEAVES = {
    "weights": KERNEL,
    "weight": KERNEL,
    "kernel": KERNEL,
    "w": KERNEL,
    "embedding": KERNEL,
    "embeddings": KERNEL,
    "depthwise_weights": KERNEL,
    "biases": BIAS,
    "bias": BIAS,
    "b": BIAS,
    "gamma": GAMMA,
    "scale": GAMMA,
    "beta": BETA,
    "offset": BETA,
    "moving_mean": MEAN,
    "pop_mean": MEAN,
    "moving_variance": VARIANCE,
    "pop_var": VARIANCE,
}
PRODUCTS = (
    *("MatMul", "BatchMatMul", "BatchMatMulV2", "SparseMatMul", "Conv2D", "Conv1D", "Conv3D"),
    *("DepthwiseConv2dNative", "Conv2DBackpropInput", "Gather", "GatherV2", "ResourceGather"),
)
SUMS = ("BiasAdd", "Add", "AddV2")


# the last part of a slot's name -> its role, as the kernels name it
SLOT_NAMES = {
    "Momentum": "accumulator",
    "Adam": "m",
    "Adam_1": "v",
    "RMSProp": "ms",
    "RMSProp_1": "momentum_slot",
    "Adagrad": "accumulator",
    "Adadelta": "accumulator",
    "Adadelta_1": "delta",
    "Ftrl": "accumulator",
    "Ftrl_1": "linear",
}


@dataclasses.dataclass(frozen=True)
class TF1Variable:
    """Holds what is known of one variable.

    `place` is where in the graph the variable is first used, `trained` whether the step changes it
    by a gradient, and `needed` whether it does, or the predictions depend on it. `kernel` is, for
    a bias, the variable of the product that the bias is added to.
    """

    name: str
    shape: tuple[int, ...]
    role: str
    place: int
    trained: bool
    needed: bool
    kernel: str | None = None

    @property
    def scope(self) -> str:
        """Returns the name without its last part."""
        return self.name.rpartition("/")[0]


def role_of_name(name: str) -> str | None:
    """Returns the role of a variable by the last part of its name; None where the name says none.

    >>> role_of_name("dense/kernel"), role_of_name("W_2"), role_of_name("x")
    ('kernel', 'kernel', None)
    """
    return _LEAVES.get(name.rpartition("/")[2].rstrip("0123456789_").lower())


class Roles:
    """Sorts the variables of a graph: weights, slots, averages, counters.

    Args:
        session: a `GraphSession` of the graph.
        shapes: `{variable: shape}`, those of its values.
        output: the tensor of the predictions, or None where it is not known.
    """

    def __init__(
        self, session: GraphSession, shapes: dict[str, tuple[int, ...]], output: str | None
    ) -> None:
        self._structure, self._shapes, self._output = session.structure, shapes, output

    @functools.cached_property
    def slots(self) -> dict[str, tuple[str, str]]:
        """Returns `{slot: (the variable that it belongs to, its role)}`.

        The update operations name them; those of other optimizers in the graph have TF1's names.
        """
        found = {
            slot: (update.variable, role)
            for update in self._structure.updates
            for role, slot in update.slots.items()
        }
        for name, shape in self._shapes.items():
            base, _, last = name.rpartition("/")
            if last in SLOT_NAMES and name not in found:
                owners = (each for each in _suffixes(base) if self._shapes.get(each) == shape)
                if owner := next(owners, None):
                    found[name] = owner, SLOT_NAMES[last]
        return found

    @functools.cached_property
    def optimizer_numbers(self) -> set[str]:
        """Returns the variables that hold numbers of the optimizer, such as `beta1_power`."""
        return {
            found
            for update in self._structure.updates
            for role, tensor in update.tensors.items()
            if role != "gradient" and (found := self._structure.variable_of(node_of(tensor)))
        }

    @functools.cached_property
    def shadows(self) -> dict[str, str]:
        """Returns `{moving average of a variable: that variable}`."""
        return shadows(self._shapes)

    @functools.cached_property
    def weights(self) -> list[TF1Variable]:
        """Returns the variables that a Keras model can have, in the order of their use."""
        structure = self._structure
        needed = (
            structure.ancestors([node_of(self._output)], control=False) if self._output else set()
        )
        apart = {*self.slots, *self.optimizer_numbers, *self.shadows}
        found = []
        for name, shape in self._shapes.items():
            trained = name in structure.trainable
            if name in apart or (not shape and not trained) or self._is_help(name):
                continue
            found.append(
                TF1Variable(
                    name,
                    shape,
                    self._role(name, shape),
                    self._place(name),
                    trained,
                    trained or name in needed,
                    self._kernel(name),
                )
            )
        return sorted(found, key=lambda each: each.place)

    def used_by(self, variable: str) -> set[str]:
        """Returns the nodes on the way to the loss that take a variable's value."""
        return set(self._users(variable)) & self._structure.forward

    def behind(self, nodes: Iterable[str]) -> set[str]:
        """Returns the nodes on the way to the loss that some nodes have an influence on."""
        forward = self._structure.forward
        first = {e for n in nodes for e in self._structure.consumers[n] if e in forward}
        return self._structure.descendants(first, forward)

    def behind_input(self, tensor: str) -> set[str]:
        """Returns the nodes on the way to the loss that a fed tensor has an influence on."""
        starts = self._structure.starts([tensor])
        return self._structure.descendants(starts, self._structure.forward)

    @functools.cached_property
    def forget_biases(self) -> dict[str, float]:
        """Returns `{kernel of an LSTM cell: what TF1 adds to the forget gate, its third}`."""
        structure, found = self._structure, {}
        for kernel in self._shapes:
            for product in self._users(kernel):
                gates = [
                    split
                    for total in structure.consumers[product]
                    for split in structure.consumers[total]
                    if structure.nodes[split].op == "Split"
                ]
                for split in gates:
                    for add in structure.consumers[split]:
                        inputs = list(structure.nodes[add].input)
                        if structure.nodes[add].op not in SUMS or f"{split}:2" not in inputs:
                            continue
                        for each in inputs:
                            value = structure.constant(each)
                            if value is not None and value.ndim == 0:
                                found[kernel] = float(value)
        return found

    @functools.cached_property
    def added_to(self) -> dict[str, float]:
        """Returns `{bias of an LSTM cell: what TF1 adds to the forget gate, its third quarter}`."""
        return {
            each.name: self.forget_biases[each.kernel]
            for each in self.weights
            if each.role == BIAS and each.kernel in self.forget_biases
        }

    def _is_help(self, name: str) -> bool:
        """Returns whether a variable serves the unbiased start of an average, or counts."""
        last = name.rpartition("/")[2]
        if last in ("biased", "local_step") or last.startswith("global_step"):
            return True
        if any(part in name for part in ("/biased", "/local_step")):
            return True
        dtype = self._structure.nodes[name].attr["dtype"].type
        return dtype not in (1, 2, 14, 19)  # float32, float64, bfloat16, float16

    def _users(self, name: str) -> Iterator[str]:
        """Yields the nodes that take a variable's value, behind Identity and such nodes."""
        waiting, seen = [name], set()
        while waiting:
            each = waiting.pop()
            for user in self._structure.consumers[each]:
                if user in seen:
                    continue
                seen.add(user)
                if self._structure.variable_of(user) == name:
                    waiting.append(user)
                else:
                    yield user

    def _role(self, name: str, shape: tuple[int, ...]) -> str:
        by_name = role_of_name(name)
        if by_name:
            return by_name
        ops = {self._structure.nodes[user].op for user in self._users(name)}
        if ops & set(PRODUCTS):
            return KERNEL
        if len(shape) == 1 and ops & set(SUMS):
            return BIAS
        return KERNEL if len(shape) > 1 else OTHER

    def _place(self, name: str) -> int:
        order, forward = self._structure.order, self._structure.forward
        users = list(self._users(name))
        places = [order[user] for user in users if user in forward] or [
            order[user] for user in users
        ]
        return min(places, default=order[name])

    def _kernel(self, name: str) -> str | None:
        """Returns the variable of the product to which a variable is added, or None."""
        for user in self._users(name):
            if self._structure.nodes[user].op not in SUMS:
                continue
            for other in self._structure.inputs(user):
                product = self._product(other)
                for each in self._structure.inputs(product) if product else ():
                    found = self._structure.variable_of(each)
                    if found and found != name:
                        return found
        return None

    def _product(self, name: str) -> str | None:
        """Returns the product behind reshapes and the like, or None."""
        for _ in range(6):
            node = self._structure.nodes.get(name)
            if node is None or not node.input:
                return None
            if node.op in PRODUCTS:
                return name
            if node.op not in ("Identity", "Reshape", "Squeeze", "Exit", "BatchToSpaceND"):
                return None
            name = node_of(node.input[0])
        return None


def shadows(names: Collection[str]) -> dict[str, str]:
    """Returns `{moving average of a variable: that variable}`, by the names that TF1 gives.

    >>> shadows(["w", "average/w/ExponentialMovingAverage", "b"])
    {'average/w/ExponentialMovingAverage': 'w'}
    """
    found = {}
    for name in names:
        base, _, last = name.rpartition("/")
        if last.startswith("ExponentialMovingAverage"):
            owner = next((each for each in _suffixes(base) if each in names), None)
            if owner:
                found[name] = owner
    return found


def _suffixes(name: str) -> Iterator[str]:
    """Yields a name, and the name without its first scopes."""
    parts = name.split("/")
    for k in range(len(parts)):
        yield "/".join(parts[k:])
