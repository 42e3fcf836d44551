"""Lifts local response normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value


def local_response_norm(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the operation to a function that the code holds: Keras has none."""
    tensor = lifter.tensor(node.input[0])
    if tensor is None or tensor.shape is None or tensor.shape[-1] is None:
        return None
    bias, alpha, beta = (
        np.float32(lifter.view.attribute(node.name, name)) for name in ("bias", "alpha", "beta")
    )
    return lifter.operation(
        node,
        "local_response_normalization",
        tensor,
        depth_radius=int(lifter.view.attribute(node.name, "depth_radius")),
        bias=bias,
        alpha=alpha,
        beta=beta,
    )


PATTERNS = (
    Pattern(
        "LRN", ("LRN",), local_response_norm, "local_response_normalization, a function of ops"
    ),
)
