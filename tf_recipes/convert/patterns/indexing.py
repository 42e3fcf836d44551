"""Lifts embeddings and other look-ups by number, one-hot vectors and changes of dtype."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Constant, Dimension, Value, Weight
from tf_recipes.convert.patterns.shapes import sizes
from tf_recipes.convert.program.expressions import Origin, Tensor

EMBEDDING = "keras.layers.Embedding"


def embedding(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the rows of a variable at some places: to an embedding layer."""
    table = lifter.weight(node.input[0])
    places = lifter.tensor(node.input[1])
    if table is None or places is None or len(table.shape) != 2 or _axis(node, lifter) != 0:
        return None
    return rows_of(node, lifter, table, places)


def rows_of(node: Any, lifter: Lifter, table: Weight, places: Tensor) -> Tensor:
    """Returns the rows of a variable at some places."""
    if len(table.shape) != 2 or table.name in lifter.apart:
        whole = lifter.as_tensor(table, node.name)
        return lifter.operation(node, "keras.ops.take", whole, places, axis=0)
    return lifter.layer(
        node, EMBEDDING, places, list(table.shape), weights={"embeddings": Origin((table.name,))}
    )


def _axis(node: Any, lifter: Lifter) -> int | None:
    """Returns the axis that a Gather takes entries of; None if it is not known."""
    if node.op != "GatherV2":
        return 0
    axis = lifter.scalar(node.input[2])
    return None if lifter.view.attribute(node.name, "batch_dims") else axis


def gather(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the entries of any tensor at some places."""
    values = [lifter.value(each) for each in node.input[:2]]
    axis, places = _axis(node, lifter), lifter.argument(node.input[1])
    if axis is None or places is None or not isinstance(values[0], Tensor | Weight | Constant):
        return None
    table = lifter.as_tensor(values[0], node.input[0])
    if isinstance(places, int):
        return lifter.operation(node, "[]", table, (*[slice(None)] * axis, places))
    return lifter.operation(node, "keras.ops.take", table, places, axis=axis)


def entry_of_each_row(node: Any, lifter: Lifter) -> Value | None:
    """Lifts one entry of each row, taken at pairs of the row's number and a place."""
    tensor, pairs = lifter.tensor(node.input[0]), lifter.view.behind(node.input[1])
    stack = lifter.view.node(pairs)
    if tensor is None or stack.op != "Pack" or len(stack.input) != 2:
        return None
    if lifter.view.attribute(stack.name, "axis") not in (1, -1) or len(tensor.shape or ()) != 2:
        return None
    rows, places = (
        lifter.view.node(lifter.view.behind(stack.input[0])),
        lifter.tensor(stack.input[1]),
    )
    if rows.op != "Range" or places is None or not _all_rows(rows, lifter):
        return None
    shape = places.shape
    column = lifter.derived(
        node,
        "keras.ops.expand_dims",
        places,
        axis=-1,
        shape=(*shape, 1) if shape is not None else None,
        dtype=places.dtype,
    )
    taken = lifter.derived(
        node,
        "keras.ops.take_along_axis",
        tensor,
        column,
        axis=1,
        shape=(*shape, 1) if shape is not None else None,
    )
    return lifter.operation(node, "keras.ops.squeeze", taken, axis=1)


def _all_rows(rows: Any, lifter: Lifter) -> bool:
    """Returns whether a Range has the numbers of all rows of a batch, as far as it is known."""
    start, step = (lifter.scalar(rows.input[k]) for k in (0, 2))
    end = sizes(rows.input[1], lifter)
    size = end[0][0] if end is not None else None
    return (start, step) == (0, 1) and (
        isinstance(size, Dimension) and size.axis == 0 and not size.times
    )


def gather_nd(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the entries at places that are vectors: as a look-up in the flat tensor."""
    values = [lifter.value(each) for each in node.input[:2]]
    places = lifter.argument(node.input[1])
    if not isinstance(values[0], Tensor | Weight | Constant) or not isinstance(places, Tensor):
        return None
    table = lifter.as_tensor(values[0], node.input[0])
    shape, kept = table.shape, (places.shape or ())[:-1]
    depth = places.shape[-1] if places.shape else None
    if depth is None or shape is None or None in shape[1:]:
        return None
    inner, rest = shape[1:depth], shape[depth:]
    strides = [math.prod(each or 1 for each in inner[k:]) for k in range(depth)]
    flat = lifter.derived(
        node, "keras.ops.reshape", table, (-1, *rest), shape=(None, *rest), dtype=table.dtype
    )
    if depth == 1:
        numbers = lifter.derived(
            node, "keras.ops.squeeze", places, axis=-1, shape=kept, dtype=places.dtype
        )
    else:
        weighted = lifter.derived(
            node,
            "*",
            places,
            lifter.as_argument(Constant(np.array(strides, places.dtype)), node.name),
            shape=places.shape,
            dtype=places.dtype,
        )
        numbers = lifter.derived(
            node, "keras.ops.sum", weighted, axis=-1, shape=kept, dtype=places.dtype
        )
    return lifter.operation(node, "keras.ops.take", flat, numbers, axis=0)


def one_hot(node: Any, lifter: Lifter) -> Value | None:
    """Lifts vectors with a one at some place."""
    places, depth = lifter.argument(node.input[0]), lifter.scalar(node.input[1])
    on, off = (lifter.scalar(each) for each in node.input[2:4])
    if not isinstance(places, Tensor) or depth is None or on is None or off is None:
        return None
    dtype, axis = lifter.view.dtype(f"{node.name}:0"), lifter.view.attribute(node.name, "axis")
    keywords: dict[str, Any] = {}
    if axis not in (-1, None):
        keywords["axis"] = axis
    if dtype != "float32":
        keywords["dtype"] = dtype
    shape = lifter.view.shape(node.name)
    made = lifter.derived(
        node, "keras.ops.one_hot", places, int(depth), shape=shape, dtype=dtype, also=keywords
    )
    if on - off != 1:
        made = lifter.derived(node, "*", made, on - off, shape=shape)
    if off:
        made = lifter.derived(node, "+", made, off, shape=shape)
    return made


def cast(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a change of dtype; a wider one for whole numbers is none, as Keras joins them."""
    value = lifter.value(node.input[0])
    before, after = lifter.view.dtype(node.input[0]), lifter.view.dtype(f"{node.name}:0")
    if before == after or (before, after) == ("int32", "int64"):
        return value
    if isinstance(value, Tensor) and value.dtype == after:  # Keras counts in 32 bits
        return value
    tensor = lifter.argument(node.input[0])
    if not isinstance(tensor, Tensor):
        return None
    return lifter.operation(node, "keras.ops.cast", tensor, after)


_GATHER = ("Gather", "GatherV2", "ResourceGather")
PATTERNS = (
    Pattern("embedding layer", _GATHER, embedding, "keras.layers.Embedding(…)", order=20),
    Pattern("entries at places", _GATHER, gather, "keras.ops.take"),
    Pattern(
        "an entry of each row",
        ("GatherNd",),
        entry_of_each_row,
        "keras.ops.take_along_axis",
        order=20,
    ),
    Pattern("entries at vectors", ("GatherNd",), gather_nd, "keras.ops.take"),
    Pattern("one-hot vectors", ("OneHot",), one_hot, "keras.ops.one_hot"),
    Pattern("cast", ("Cast",), cast, "keras.ops.cast"),
)
