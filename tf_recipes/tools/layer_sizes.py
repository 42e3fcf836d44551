"""How wide the hidden layers are."""

import itertools

from tf_recipes._support import validation


def funnel(first, last, depth):
    """Layer sizes that narrow from `first` to `last` by the same factor from layer to layer.

    TF1: nothing; the sizes were numbers in the script. The document advises a funnel, since many
    low-level features combine into fewer high-level ones.

    Args:
        first: int >= 1, units of the first hidden layer.
        last: int from 1 to `first`, units of the last one.
        depth: int >= 1, hidden layers. With 1 there is `first` alone.

    Returns:
        A tuple of `depth` ints, never rising.

    Raises:
        ValueError: for an argument outside these.

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
            "Swap them.",
        )
    if depth == 1:
        return (int(first),)
    # n_k = first (last / first)^(k / (depth - 1))
    return tuple(round(first * (last / first) ** (k / (depth - 1))) for k in range(depth))


def parameters(sizes):
    """How many weights and biases a net of dense layers has.

    Args:
        sizes: units from the inputs to the outputs.

    >>> parameters((784, 300, 100, 10))  # 785 * 300 + 301 * 100 + 101 * 10
    266610
    """
    return sum((before + 1) * units for before, units in itertools.pairwise(sizes))


def width_for(budget, depth, inputs, outputs):
    """The width at which `depth` equally wide hidden layers have as near `budget` parameters as
    any.

    Args:
        budget: int, wanted weights and biases.
        depth: int >= 1, hidden layers.
        inputs, outputs: int, units before and after them.

    Raises:
        ValueError: if even one unit a layer has more than that.

    >>> width_for(100_000, 1, 784, 10)  # 795 w + 10
    126
    """
    validation.whole("budget", budget, 1)
    validation.whole("depth", depth, 1)

    def count(width):
        return parameters((inputs, *[width] * depth, outputs))

    if count(1) > budget:
        validation.fail(
            f"`budget` must allow one unit in each layer, {count(1)} parameters.",
            f"budget={budget!r}, depth={depth!r}",
            "Raise it, or take fewer layers.",
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
