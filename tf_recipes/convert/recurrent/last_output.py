"""Finds out whether a graph uses only the last of the outputs that a loop makes."""

from __future__ import annotations

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.recurrent.affine import core
from tf_recipes.convert.recurrent.loops import Loop


def takers(view: GraphView, loop: Loop, output: str) -> list[str]:
    """Returns the tensors that are the last output; nothing where other outputs are used, too.

    Args:
        view: the graph.
        loop: the loop.
        output: the tensor that each turn writes.
    """
    bodies = [body for body, (_, each) in loop.arrays.items() if core(view, each) == output]
    exit_ = loop.states[bodies[0]].exit if len(bodies) == 1 else None
    if exit_ is None:
        return []
    found: list[str] = []
    for user in view.consumers.get(f"{exit_}:0", []):
        if view.op(user) == "TensorArraySizeV3":
            continue
        if view.op(user) != "TensorArrayGatherV3" or not _collect(view, f"{user}:0", 0, found):
            return []
    return found


def _collect(view: GraphView, tensor: str, axis: int, found: list[str]) -> bool:
    """Collects what takes the last entry of a tensor along an axis; False if other uses are there.

    Args:
        view: the graph.
        tensor: the tensor.
        axis: the axis of time.
        found: the tensors that are the last entry, to which more are added.
    """
    if tensor in view.outputs:
        return False
    for user in view.consumers.get(tensor, []):
        inputs = view.inputs(user)
        match view.op(user):
            case "Identity":
                good = _collect(view, f"{user}:0", axis, found)
            case "Transpose":
                order = view.constant(inputs[1])
                swapped = order is not None and order[:2].tolist() == [1, 0]
                good = swapped and _collect(view, f"{user}:0", 1 - axis, found)
            case "StridedSlice" | "Gather" | "GatherV2":
                good = _is_last(view, user, tensor, axis)
                found.append(f"{user}:0")
            case "Unpack":
                *others, last = view.outputs_of(user)
                used = any(view.uses(each) for each in others)
                good = (view.attribute(user, "axis") or 0) == axis and not used
                found.append(last)
            case _:
                good = False
        if not good:
            return False
    return True


def _is_last(view: GraphView, user: str, tensor: str, axis: int) -> bool:
    """Returns whether a node takes the last entry along an axis, and all of the other ones."""
    shape, inputs = view.shape(tensor), view.inputs(user)
    last = {-1, *((shape[axis] - 1,) if shape and shape[axis] is not None else ())}  # type: ignore[operator]
    if view.op(user) != "StridedSlice":
        place = view.constant(inputs[1])
        along = view.constant(inputs[2]) if view.op(user) == "GatherV2" else 0
        if place is None or along is None or view.attribute(user, "batch_dims"):
            return False
        return place.ndim == 0 and int(place) in last - {-1} and int(along) == axis
    begin, end, step = (view.constant(each) for each in inputs[1:])
    if begin is None or end is None or step is None or (step != 1).any() or len(begin) <= axis:
        return False
    masks = {
        kind: int(view.attribute(user, f"{kind}_mask") or 0)
        for kind in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    if masks["ellipsis"] or masks["new_axis"] or masks["shrink_axis"] != 1 << axis:
        return False
    others = [each for each in range(len(begin)) if each != axis]
    whole = all(masks["begin"] >> k & 1 and masks["end"] >> k & 1 for k in others)
    return whole and int(begin[axis]) in last
