"""Computes the numbers of units of hidden layers."""

import itertools
from collections.abc import Iterable

from tf_recipes._support import validation


def funnel(first: int, last: int, depth: int) -> tuple[int, ...]:
    """Returns layer sizes that fall from `first` to `last` by the same factor at each layer.

    TF1: nothing; the sizes were numbers in the script. The chapter advises a funnel, since many
    low-level features combine into fewer high-level features.

    Args:
        first: int >= 1, units of the first hidden layer.
        last: int from 1 to `first`, units of the last hidden layer.
        depth: int >= 1, the number of hidden layers. With 1 the result is `(first,)`.

    Returns:
        A tuple of `depth` ints, none larger than the int before.

    Raises:
        ValueError: for an argument outside its range.

    >>> funnel(300, 100, 3)  # 300 / sqrt(3) = 173.2
    (300, 173, 100)
    """
    validation.whole("first", first, 1)
    validation.whole("last", last, 1)
    validation.whole("depth", depth, 1)
    if last > first:
        validation.fail(
            "A funnel narrows: `last` must be at most `first`.",
            f"first={first!r}, last={last!r}",
            "Swap `first` and `last`.",
        )
    if depth == 1:
        return (int(first),)
    # n_k = first (last / first)^(k / (depth - 1))
    return tuple(round(first * (last / first) ** (k / (depth - 1))) for k in range(depth))


def parameters(sizes: Iterable[int]) -> int:
    """Returns how many weights and biases a net of dense layers has.

    Args:
        sizes: ints, the units of each layer from the inputs to the outputs.

    >>> parameters((784, 300, 100, 10))  # 785 * 300 + 301 * 100 + 101 * 10
    266610
    """
    return sum((before + 1) * units for before, units in itertools.pairwise(sizes))


def width_for(budget: int, depth: int, inputs: int, outputs: int) -> int:
    """Returns the width of equally wide hidden layers whose parameters are nearest to `budget`.

    Args:
        budget: int, weights and biases of the whole net.
        depth: int >= 1, the number of hidden layers.
        inputs, outputs: int, units before and after the hidden layers.

    Raises:
        ValueError: if a net with one unit in each hidden layer already has more parameters.

    >>> width_for(100_000, 1, 784, 10)  # 795 w + 10
    126
    """
    validation.whole("budget", budget, 1)
    validation.whole("depth", depth, 1)

    def count(width: int) -> int:
        return parameters((inputs, *[width] * depth, outputs))

    if count(1) > budget:
        validation.fail(
            f"`budget` must allow one unit in each layer, {count(1)} parameters.",
            f"budget={budget!r}, depth={depth!r}",
            "Raise `budget`, or lower `depth`.",
        )
    width = 1
    while count(2 * width) <= budget:
        width *= 2
    step = width
    while step:
        if count(width + step) <= budget:
            width += step
        step //= 2
    return min(width, width + 1, key=lambda each: abs(count(each) - budget))
