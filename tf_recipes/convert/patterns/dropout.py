"""Lifts dropout in the forms of all versions of TF1."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Dimension, Setting, Value
from tf_recipes.convert.patterns import _layout, _scalars, shapes
from tf_recipes.convert.program.expressions import Tensor
from tf_recipes.graph.nodes import node_of

SWITCHES = ("Switch", "RefSwitch")
UNKNOWN_RATE = 0.5  # where nothing says the share that training drops
DEPTH = 5  # products and quotients between a mask and the end of dropout


@dataclasses.dataclass(frozen=True)
class Mask:
    """Holds a mask: the random number, and the tensor that is compared with it.

    `kept` says that the tensor is the share that is kept, and not the one that is dropped.
    """

    random: str
    share: str
    kept: bool


def dropout(node: Any, lifter: Lifter) -> Value | None:
    """Lifts dropout from the product or the choice that ends it."""
    if node.op in ("Select", "SelectV2"):
        found = _selected(node, lifter)
    else:
        found = _multiplied(node, lifter)
    if found is None:
        return None
    taken, mask = found
    tensor = lifter.tensor(taken)
    if tensor is None:
        return None
    keep, note = _keep(lifter, mask)
    rate = float(f"{1 - keep:.6g}")
    if not 0 <= rate < 1:
        return None
    if rate == 0:
        return tensor
    noise = _noise_shape(lifter, mask, tensor)
    if noise is None:
        return None
    path, noise_shape = "keras.layers.Dropout", noise
    if noise and noise[0] is None and noise[-1] is None and set(noise[1:-1]) == {1}:
        path, noise_shape = f"keras.layers.SpatialDropout{len(noise) - 2}D", ()
    keywords = {"noise_shape": noise_shape or None}
    turned = None if noise else _layout.last(tensor)
    taken_ = tensor if turned is None else turned
    result = lifter.layer(
        node, path, taken_, [rate], keywords, scope=_scope(node), shape=taken_.shape
    )
    if note:
        lifter.note(result, note)
    return result if turned is None else _layout.to_first(node, lifter, result)


def _selected(node: Any, lifter: Lifter) -> tuple[str, Mask] | None:
    """Returns what a choice between scaled entries and zeros takes, and its mask."""
    condition, kept, dropped = lifter.view.inputs(node.name)
    mask = _comparison(condition, lifter)
    zeros = lifter.constant(dropped)
    is_zero = lifter.view.op(dropped) == "ZerosLike" or (zeros is not None and not zeros.any())
    if mask is None or not is_zero:
        return None
    taken = _unscaled(kept, [], mask, lifter)
    return None if taken is None else (taken, mask)


def _multiplied(node: Any, lifter: Lifter) -> tuple[str, Mask] | None:
    """Returns what a product with a mask takes, and the mask."""
    view = lifter.view
    tensor = f"{node.name}:0"
    factors: list[tuple[str, int]] = []
    for _ in range(DEPTH):
        name = view.behind(tensor, SWITCHES)
        if view.op(name) not in ("Mul", "RealDiv") or view.is_input(name):
            return None
        first, second = view.inputs(name)
        pairs = ((first, second), (second, first)) if view.op(name) == "Mul" else ()
        for one, other in pairs:
            scaled = _scaled_mask(one, lifter)
            if scaled is not None:
                mask, inside = scaled
                taken = _unscaled(other, [*factors, *inside], mask, lifter)
                return None if taken is None else (taken, mask)
        step = _without_number(name, lifter)
        if step is None:
            return None
        tensor, factor = step
        factors.append(factor)
    return None


def _without_number(name: str, lifter: Lifter) -> tuple[str, tuple[str, int]] | None:
    """Returns what a product or quotient takes besides a number, and the number's power."""
    first, second = lifter.view.inputs(name)
    if _is_number(second, lifter):
        return first, (second, 1 if lifter.view.op(name) == "Mul" else -1)
    if lifter.view.op(name) == "Mul" and _is_number(first, lifter):
        return second, (first, 1)
    return None


def _unscaled(
    tensor: str, factors: list[tuple[str, int]], mask: Mask, lifter: Lifter
) -> str | None:
    """Returns the tensor that dropout takes: behind the division by the share that is kept."""
    for _ in range(DEPTH):
        if _is_inverse(factors, mask, lifter):
            return tensor
        name = lifter.view.behind(tensor, SWITCHES)
        if lifter.view.op(name) not in ("Mul", "RealDiv") or lifter.view.is_input(name):
            return None
        step = _without_number(name, lifter)
        if step is None:
            return None
        tensor, factor = step
        factors = [*factors, factor]
    return None


def _is_inverse(factors: list[tuple[str, int]], mask: Mask, lifter: Lifter) -> bool:
    """Returns whether a product is 1 / share that is kept, for some values of placeholders."""
    for value in (0.5, 0.8):
        given = {f"{name}:0": value for name in _settings(lifter)}
        numbers = _scalars.Scalars(lifter)
        share = numbers.value(mask.share, given)
        if share is None:
            return False
        product = share if mask.kept else 1 - share
        for name, power in factors:
            number = numbers.value(name, given)
            if number is None or number == 0:
                return False
            product *= number**power
        if not np.isclose(product, 1):
            return False
    return True


def _settings(lifter: Lifter) -> list[str]:
    return [name for name, value in lifter.placeholders.items() if isinstance(value, Setting)]


def _is_number(tensor: str, lifter: Lifter) -> bool:
    given = {f"{name}:0": 0.5 for name in _settings(lifter)}
    return _scalars.Scalars(lifter).value(tensor, given) is not None


def _scaled_mask(tensor: str, lifter: Lifter) -> tuple[Mask, list[tuple[str, int]]] | None:
    """Returns a mask and the numbers that it is multiplied by."""
    view = lifter.view
    factors: list[tuple[str, int]] = []
    for _ in range(DEPTH):
        name = view.behind(tensor, SWITCHES)
        if view.op(name) == "Floor":
            mask = _floor(view.inputs(name)[0], lifter)
            return None if mask is None else (mask, factors)
        if view.op(name) == "Cast":
            mask = _comparison(view.inputs(name)[0], lifter)
            return None if mask is None else (mask, factors)
        if view.op(name) not in ("Mul", "RealDiv") or view.is_input(name):
            return None
        step = _without_number(name, lifter)
        if step is None:
            return None
        tensor, factor = step
        factors.append(factor)
    return None


def _floor(tensor: str, lifter: Lifter) -> Mask | None:
    """Returns the mask floor(share + random number)."""
    name = lifter.view.behind(tensor, SWITCHES)
    if lifter.view.op(name) not in ("Add", "AddV2"):
        return None
    first, second = lifter.view.inputs(name)
    for share, random in ((first, second), (second, first)):
        source = _uniform(random, lifter)
        if source is not None and _is_number(share, lifter):
            return Mask(source, share, kept=True)
    return None


# comparison -> whether an entry is kept where the random number is the smaller one
_COMPARISONS = {"GreaterEqual": False, "Greater": False, "Less": True, "LessEqual": True}


def _comparison(tensor: str, lifter: Lifter) -> Mask | None:
    """Returns the mask of a comparison of a random number with a share."""
    name = lifter.view.behind(tensor, SWITCHES)
    kept = _COMPARISONS.get(lifter.view.op(name))
    if kept is None:
        return None
    first, second = lifter.view.inputs(name)
    for random, share, turned in ((first, second, False), (second, first, True)):
        source = _uniform(random, lifter)
        if source is not None and _is_number(share, lifter):
            return Mask(source, share, kept != turned)
    return None


def _uniform(tensor: str, lifter: Lifter) -> str | None:
    """Returns the node that draws a tensor evenly from 0 to 1, or None."""
    view = lifter.view
    name = view.behind(tensor, SWITCHES)
    for op, neutral in (("Add", 0), ("AddV2", 0), ("Mul", 1)):
        if view.op(name) == op and not view.is_input(name):
            step = view.inputs(name)
            if lifter.scalar(step[1]) != neutral:
                return None
            name = view.behind(step[0], SWITCHES)
    return node_of(name) if view.op(name) == "RandomUniform" else None


def _keep(lifter: Lifter, mask: Mask) -> tuple[float, str]:
    """Returns the share that training keeps, and what a reader must know of it."""
    settings = {
        name: value for name, value in lifter.placeholders.items() if isinstance(value, Setting)
    }

    def kept(training: bool) -> float | None:
        given = {}
        for name, value in settings.items():
            number = value.training if training else value.evaluation
            if number is not None:
                given[f"{name}:0"] = number
        share = _scalars.Scalars(lifter, training).value(mask.share, given)
        return share if share is None or mask.kept else 1 - share

    in_training, in_evaluation = kept(True), kept(False)
    open_ = {name: 1 - UNKNOWN_RATE for name in settings if _depends(lifter, mask, name)}
    if in_training is None or open_:
        return 1 - UNKNOWN_RATE, (
            f"Nothing says the share that training drops: {UNKNOWN_RATE} was taken. Pass the value "
            f"in training, such as feed={open_!r}."
        )
    if in_evaluation is not None and in_evaluation < 1 and in_training < 1:
        return in_training, ALWAYS
    return in_training, ""


def _depends(lifter: Lifter, mask: Mask, name: str) -> bool:
    """Returns whether a mask depends on a placeholder whose value in training is not known."""
    value = lifter.placeholders[name]
    if not isinstance(value, Setting) or value.training is not None:
        return False
    given = {f"{each}:0": 0.5 for each in _settings(lifter)}
    numbers = _scalars.Scalars(lifter)
    shares = (numbers.value(mask.share, {**given, f"{name}:0": each}) for each in (0.5, 0.8))
    return len(set(shares)) == 2


ALWAYS = "The graph drops in evaluation, too; the layer does so in training alone."


def _noise_shape(lifter: Lifter, mask: Mask, tensor: Tensor) -> tuple[int | None, ...] | None:
    """Returns the argument `noise_shape`, () for a draw for each entry, None if it is unknown."""
    found = shapes.sizes(lifter.view.inputs(mask.random)[0], lifter)
    drawn = found[0] if found is not None else lifter.view.shape(mask.random)
    if drawn is not None and tensor.shape and lifter.in_turns and len(drawn) < len(tensor.shape):
        # the graph tells of one turn of a loop alone; what is drawn before is the same in all
        drawn = (drawn[0], None if lifter.is_in_turns(mask.random) else 1, *drawn[1:])
    if drawn is None or tensor.shape is None or len(drawn) != len(tensor.shape):
        return None
    noise: list[int | None] = []
    for entry, size in zip(drawn, tensor.shape, strict=True):
        if entry is None or isinstance(entry, Dimension) or entry in (-1, size):
            noise.append(None)
        elif entry == 1:
            noise.append(1)
        else:
            return None
    return tuple(noise) if any(each is not None for each in noise) else ()


def _scope(node: Any) -> str:
    """Returns the scope of the layer: that of the node, up to a condition."""
    parts = []
    for part in node.name.split("/")[:-1]:
        if part == "cond" or part.startswith("cond_"):
            break
        parts.append(part)
    return "/".join(parts) or "dropout"


PATTERNS = (
    Pattern(
        "dropout",
        ("Mul", "RealDiv", "Select", "SelectV2"),
        dropout,
        "keras.layers.Dropout(…), SpatialDropout2D",
        order=12,
    ),
)
