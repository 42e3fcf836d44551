"""Lifts convolutions: of one to three dimensions, depthwise, separable, with holes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value, Weight
from tf_recipes.convert.patterns import _layout, _spatial, bias
from tf_recipes.convert.patterns._spatial import Window
from tf_recipes.convert.program.expressions import Layer, Origin, Tensor, Transform

OPS = ("Conv2D", "Conv3D", "DepthwiseConv2dNative")
DEPTHWISE = "DepthwiseConv2dNative"


def convolution(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a convolution as it is."""
    return _lifted(node, lifter, _spatial.window(node, lifter, lifter.view.inputs(node.name)[0]))


def of_one_dimension(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a convolution of two dimensions, one of which TF1 adds and removes again."""
    inner, added = lifter.view.node(node.input[0]), None
    if inner.op == "BiasAdd":
        inner, added = lifter.view.node(inner.input[0]), lifter.weight(inner.input[1])
        if added is None or lifter.view.uses(inner.name) != 1:
            return None
    if inner.op not in ("Conv2D", DEPTHWISE):
        return None
    result = _of_one_dimension(node, lifter, inner)
    if added is None or not isinstance(result, Tensor) or result.step.layer is None:
        return result
    return lifter.replaced(result.step, node, bias.with_bias(result.step.layer, added))


def _of_one_dimension(node: Any, lifter: Lifter, inner: Any) -> Value | None:
    """Returns the layer of a convolution with an added axis, also one behind a depthwise one."""
    found = _spatial.window_of_1d(node, lifter, taken=0, inner=inner)
    if found is not None:
        return _lifted(node, lifter, found)
    before = lifter.view.node(inner.input[0])
    if before.op != DEPTHWISE:
        return None
    first = _spatial.window_of_1d(node, lifter, taken=0, inner=before)
    depthwise = None if first is None else _lifted(before, lifter, first)
    if first is None or not isinstance(depthwise, Tensor):
        return None
    return _lifted(node, lifter, dataclasses.replace(first, node=inner), tensor=depthwise)


def with_holes(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a convolution between SpaceToBatchND and BatchToSpaceND: one with dilation."""
    view = lifter.view
    inner, blocks, crops = view.inputs(node.name)
    if view.op(inner) == "Squeeze" and _spatial.inner_op(view.node(inner), lifter) == "Conv2D":
        found = _spatial.window_of_1d(view.node(inner), lifter, taken=0)
    elif view.op(inner) in OPS:
        found = _spatial.window(view.node(inner), lifter, view.inputs(inner)[0])
    else:
        return None
    if found is None or view.uses(inner) != 1 or view.op(found.source) != "SpaceToBatchND":
        return None
    source, other_blocks, paddings = view.inputs(found.source)
    holes, same = lifter.constant(blocks), lifter.constant(other_blocks)
    rank = view.rank(source)
    if holes is None or same is None or rank is None or not np.array_equal(holes, same):
        return None
    plain = view.attribute(found.node.name, "padding") == "VALID"
    if len(holes) != rank - 2 or not plain or found.first:
        return None
    dilation = tuple(int(each) for each in holes)
    window = Window(found.node, source, found.unused, found.first)
    kernel = _kernel_shape(window, lifter)
    ends = _padding(lifter, source, (paddings, crops))
    if ends is None or kernel is None:
        return None
    wide = [(size - 1) * hole for size, hole in zip(kernel, dilation, strict=True)]
    if not np.any(ends):
        return _lifted(node, lifter, window, dilation, "valid")
    if [tuple(each) for each in ends] == [(each // 2, each - each // 2) for each in wide]:
        return _lifted(node, lifter, window, dilation, "same")
    return None


def _padding(lifter: Lifter, source: str, tensors: Sequence[str]) -> Any | None:
    """Returns how many zeros a convolution with holes adds at both ends of each spatial axis.

    SpaceToBatchND adds more, up to a multiple of the block, and BatchToSpaceND removes the rest.
    """
    numbers = [lifter.constant(each) for each in tensors]
    if any(each is None for each in numbers):
        # they depend on the sizes of the tensor: try some
        shape = lifter.view.shape(source) or ()
        found = []
        for size in (8, 13, 19):
            given = np.zeros([size if each is None else each for each in shape], np.float32)
            values = lifter.view.evaluated(tensors, {source: given})
            if values is None:
                return None
            found.append(_without_crops(*values))
        alike = all(np.array_equal(each, found[0]) for each in found)
        return found[0] if alike else None
    return _without_crops(*numbers)


def _without_crops(paddings: Any, crops: Any) -> Any:
    return np.asarray(paddings) - np.asarray(crops)


def _kernel_shape(window: Window, lifter: Lifter) -> tuple[int, ...] | None:
    """Returns the sizes of a kernel along the spatial axes."""
    shape = lifter.view.shape(window.node.input[1])
    return None if shape is None else window.own(shape[:-2])


def _weight(window: Window, lifter: Lifter) -> tuple[Weight, tuple[int, ...]] | None:
    """Returns the variable of a kernel, and its shape without an added axis."""
    view = lifter.view
    name = view.inputs(window.node.name)[1]
    weight = lifter.weight(name)
    if weight is None and window.unused is not None:
        added = view.behind(name)
        if view.op(added) == "ExpandDims":
            inner, axis = view.inputs(added)
            if lifter.scalar(axis) == window.unused:
                weight = lifter.weight(inner)
                return (weight, weight.shape) if weight else None
    if weight is None:
        return None
    sizes = weight.shape[:-2]
    if window.unused is not None and sizes[window.unused] != 1:
        return None
    return weight, (*window.own(sizes), *weight.shape[-2:])


def _lifted(
    node: Any,
    lifter: Lifter,
    window: Window,
    dilation: tuple[int, ...] | None = None,
    padding: str | None = None,
    tensor: Tensor | None = None,
) -> Value | None:
    tensor = lifter.tensor(window.source) if tensor is None else tensor
    if tensor is None:
        return None
    if window.first:
        tensor = _layout.to_last(node, lifter, tensor)
    result = _layer(node, lifter, window, dilation, padding, tensor)
    if window.first and isinstance(result, Tensor):
        return _layout.to_first(node, lifter, result)
    return result


def _layer(
    node: Any,
    lifter: Lifter,
    window: Window,
    dilation: tuple[int, ...] | None,
    padding: str | None,
    tensor: Tensor,
) -> Value | None:
    view, name = lifter.view, window.node.name
    result_shape = window.shape(view.shape(node.name))
    strides = window.spatial(view.attribute(name, "strides"))
    if dilation is None:
        dilation = window.spatial(view.attribute(name, "dilations") or (1,) * 5)[: len(strides)]
    padding = padding or str(view.attribute(name, "padding")).lower()
    if padding not in ("same", "valid"):
        return None
    keywords = {
        "strides": _spatial.unless(strides, 1),
        "padding": None if padding == "valid" else padding,
        "dilation_rate": _spatial.unless(dilation, 1),
    }
    if view.op(name) == DEPTHWISE and len(set(strides)) != 1:
        return None
    found = _weight(window, lifter)
    if found is None:
        return _operation(node, lifter, window, tensor, keywords)
    weight, shape = found
    if view.op(name) == DEPTHWISE:
        return _depthwise(node, lifter, tensor, weight, shape, keywords, result_shape)
    merged = _separable(node, lifter, tensor, weight, shape, keywords, result_shape)
    if merged is not None:
        return merged
    causal = _causal(lifter, tensor, shape, dilation, keywords)
    if causal is not None:
        tensor, keywords["padding"] = causal, "causal"
    channels = tensor.shape[-1] if tensor.shape else None
    if channels and channels != shape[-2]:
        keywords["groups"] = channels // shape[-2]
    return lifter.layer(
        node,
        f"keras.layers.Conv{len(shape) - 2}D",
        tensor,
        [shape[-1], _spatial.same_or_tuple(shape[:-2])],
        {**keywords, "use_bias": False},
        {"kernel": origin(weight, shape)},
        shape=result_shape,
    )


def _causal(
    lifter: Lifter,
    tensor: Tensor,
    shape: tuple[int, ...],
    dilation: tuple[int, ...],
    keywords: dict[str, Any],
) -> Tensor | None:
    """Returns what stands before zeros that keep a sequence from seeing what follows, or None."""
    layer = tensor.step.layer
    if len(shape) != 3 or keywords["padding"] or layer is None:
        return None
    wanted = ((shape[0] - 1) * dilation[0], 0)
    if layer.path != "keras.layers.ZeroPadding1D" or layer.arguments != (wanted,):
        return None
    taken = tensor.step.arguments[0]
    return taken if isinstance(taken, Tensor) and _once(lifter, tensor) else None


def origin(weight: Weight, shape: tuple[int, ...]) -> Origin:
    """Returns the origin of a kernel that has the shape of a layer's kernel.

    Args:
        weight: the TF1 variable.
        shape: the shape in Keras, which lacks at most an axis of size 1.
    """
    changed = Transform("reshape", (("shape", shape),)) if shape != weight.shape else None
    return Origin((weight.name,), changed)


def _depthwise(
    node: Any,
    lifter: Lifter,
    tensor: Tensor,
    weight: Weight,
    shape: tuple[int, ...],
    keywords: dict[str, Any],
    result_shape: tuple[int | None, ...] | None,
) -> Value:
    multiplier = shape[-1] if shape[-1] != 1 else None
    return lifter.layer(
        node,
        f"keras.layers.DepthwiseConv{len(shape) - 2}D",
        tensor,
        [_spatial.same_or_tuple(shape[:-2])],
        {"depth_multiplier": multiplier, **keywords, "use_bias": False},
        {"kernel": origin(weight, shape)},
        shape=result_shape,
    )


def _separable(
    node: Any,
    lifter: Lifter,
    tensor: Tensor,
    weight: Weight,
    shape: tuple[int, ...],
    keywords: dict[str, Any],
    result_shape: tuple[int | None, ...] | None,
) -> Value | None:
    """Returns a separable convolution: a depthwise one and one of single entries, of one scope."""
    layer = tensor.step.layer
    if layer is None or not layer.path.startswith("keras.layers.DepthwiseConv"):
        return None
    plain = layer.keyword("use_bias") is False and layer.keyword("activation") is None
    points = set(shape[:-2]) == {1} and not keywords["strides"] and not keywords["dilation_rate"]
    before = dict(layer.weights)["kernel"]
    together = weight.name.rpartition("/")[0] == before.variables[0].rpartition("/")[0]
    if not plain or not points or not together or not _once(lifter, tensor):
        return None
    rank = len(shape) - 2
    given = {key: value for key, value in layer.keywords if key != "use_bias"}
    made = Layer(
        f"keras.layers.SeparableConv{rank}D",
        (shape[-1], *layer.arguments),
        (*given.items(), ("use_bias", False)),
        (("depthwise_kernel", before), ("pointwise_kernel", origin(weight, shape))),
        layer.scope,
    )
    return lifter.replaced(tensor.step, node, made, result_shape)


def _once(lifter: Lifter, tensor: Tensor) -> bool:
    """Returns whether one node alone takes the tensor that a step gives."""
    return lifter.view.uses(f"{tensor.step.nodes[0]}:0") == 1


def _operation(
    node: Any, lifter: Lifter, window: Window, tensor: Tensor, keywords: dict[str, Any]
) -> Value | None:
    """Returns a convolution with a kernel that no layer of its own can have."""
    kernel = lifter.argument(window.node.input[1])
    if kernel is None or window.unused is not None:
        return None
    depthwise = lifter.view.op(window.node.name) == DEPTHWISE
    function = "keras.ops.depthwise_conv" if depthwise else "keras.ops.conv"
    given = {key: value for key, value in keywords.items() if value is not None}
    shape = window.shape(lifter.view.shape(node.name))
    return lifter.derived(node, function, tensor, kernel, shape=shape, **given)


PATTERNS = (
    Pattern(
        "convolution",
        OPS,
        convolution,
        "keras.layers.Conv2D(…), Conv3D, DepthwiseConv2D, SeparableConv2D, keras.ops.conv",
    ),
    Pattern(
        "convolution of one dimension",
        ("Squeeze",),
        of_one_dimension,
        "keras.layers.Conv1D(…), DepthwiseConv1D, SeparableConv1D",
        order=20,
    ),
    Pattern(
        "convolution with holes",
        ("BatchToSpaceND",),
        with_holes,
        "keras.layers.Conv2D(…, dilation_rate=…)",
        order=20,
    ),
)
