"""Lifts normal noise that a graph adds inside a net."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Dimension, Setting, Unknown, Value
from tf_recipes.convert.patterns import _scalars, passing, shapes
from tf_recipes.convert.program.expressions import Tensor
from tf_recipes.graph.nodes import node_of

DEPTH = 6  # products and sums between a random number and the noise that is added
SWITCHES = ("Switch", "RefSwitch")
UNKNOWN_DEVIATION = 0.1  # where nothing says the deviation in training
ALWAYS = (
    "The graph adds noise in evaluation, too, and so does the layer: leave out `training=True` for "
    "noise in training alone."
)


@dataclasses.dataclass(frozen=True)
class Noise:
    """Holds the node that draws normal numbers, and what they are computed with, the last first.

    `computed` are pairs of an operation and the tensor of a number.
    """

    random: str
    computed: Sequence[tuple[str, str]]

    def deviation(
        self, lifter: Lifter, training: bool, given: dict[str, Any]
    ) -> tuple[float, float] | None:
        """Returns the standard deviation and the mean, or None where they are not known.

        Args:
            lifter: the lifter.
            training: True for the numbers in training, False for those in evaluation.
            given: `{tensor: value}` of the placeholders of numbers.
        """
        scale, shift = 1.0, 0.0
        for op, tensor in reversed(self.computed):
            number = _scalars.Scalars(lifter, training).value(tensor, given)
            if number is None or (op == "RealDiv" and number == 0):
                return None
            if op in ("Mul", "RealDiv"):
                factor = number if op == "Mul" else 1 / number
                scale, shift = scale * factor, shift * factor
            else:
                shift += number if op != "Sub" else -number
        return abs(scale), shift


def noise(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the sum of a tensor and noise: to a layer that adds noise in training."""
    for taken, added in (tuple(node.input[:2]), tuple(node.input[1::-1])):
        drawn = _drawn(added, lifter)
        tensor = lifter.tensor(taken) if drawn is not None else None
        if drawn is None or tensor is None:
            continue
        if not _of_each_entry(drawn, tensor, lifter):
            return Unknown(node.name, node.op, "adds noise that several entries share")
        return _layer(node, lifter, tensor, drawn)
    return None


def _layer(node: Any, lifter: Lifter, tensor: Tensor, drawn: Noise) -> Value | None:
    settings = {n: v for n, v in lifter.placeholders.items() if isinstance(v, Setting)}
    numbers = [
        drawn.deviation(
            lifter,
            training,
            {
                f"{name}:0": number
                for name, value in settings.items()
                if (number := value.training if training else value.evaluation) is not None
            },
        )
        for training in (True, False)
    ]
    if any(each is not None and each[1] != 0 for each in numbers):
        return None
    in_training, in_evaluation = (None if each is None else each[0] for each in numbers)
    if in_training == 0:
        return tensor
    alone = in_evaluation == 0 or _in_a_branch(node.name, lifter)
    deviation = UNKNOWN_DEVIATION if in_training is None else float(f"{in_training:.6g}")
    result = lifter.layer(
        node,
        "keras.layers.GaussianNoise",
        tensor,
        [deviation],
        scope=node.name,
        shape=tensor.shape,
        call={} if alone else {"training": True},
    )
    if in_training is None:
        given = dict.fromkeys(settings, UNKNOWN_DEVIATION)
        lifter.note(
            result,
            f"Nothing says the deviation of the noise: {UNKNOWN_DEVIATION} was taken. Pass the "
            f"value in training, such as feed={given!r}.",
        )
    elif not alone:
        lifter.note(result, ALWAYS)
    return result


def _drawn(tensor: str, lifter: Lifter) -> Noise | None:
    """Returns the noise that a tensor is: normal numbers, and numbers that they meet; or None."""
    view = lifter.view
    computed: list[tuple[str, str]] = []
    given = {f"{n}:0": 0.5 for n, v in lifter.placeholders.items() if isinstance(v, Setting)}
    for _ in range(DEPTH):
        name = view.behind(tensor, SWITCHES)
        op = view.op(name)
        if view.is_input(name):
            return None
        if op == "RandomStandardNormal":
            return Noise(node_of(name), computed)
        if op not in ("Mul", "RealDiv", "Add", "AddV2", "Sub"):
            return None
        first, second = view.inputs(name)
        numbers = _scalars.Scalars(lifter)
        if numbers.value(second, given) is not None:
            tensor, number = first, second
        elif op in ("Mul", "Add", "AddV2") and numbers.value(first, given) is not None:
            tensor, number = second, first
        else:
            return None
        computed.append((op, number))
    return None


def _of_each_entry(drawn: Noise, tensor: Tensor, lifter: Lifter) -> bool:
    """Returns whether each entry of a tensor has a random number of its own."""
    found = shapes.sizes(lifter.view.inputs(drawn.random)[0], lifter)
    sizes = found[0] if found is not None else lifter.view.shape(drawn.random)
    if sizes is None or tensor.shape is None or len(sizes) != len(tensor.shape):
        return False
    return all(
        entry is None or isinstance(entry, Dimension) or entry in (-1, size)
        for entry, size in zip(sizes, tensor.shape, strict=True)
    )


def _in_a_branch(name: str, lifter: Lifter) -> bool:
    """Returns whether a flag of training chooses whether a node has any influence."""
    view = lifter.view
    for user in view.consumers.get(f"{name}:0", []):
        if passing.branches_of(user, lifter) is not None:
            return True
    waiting, seen = [name], set()
    while waiting:
        each = waiting.pop()
        if each in seen or view.is_input(each) or view.op(each) in ("Merge", "RefMerge"):
            continue
        seen.add(each)
        node = view.nodes[each]
        if node.op in SWITCHES:
            if _scalars.Scalars(lifter).flag(node.input[1]) is not None:
                return True
            continue
        waiting += [node_of(tensor) for tensor in view.inputs(each)]
    return False


PATTERNS = (
    Pattern("normal noise", ("Add", "AddV2"), noise, "keras.layers.GaussianNoise(…)", order=12),
)
