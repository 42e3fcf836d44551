"""Says why a graph cannot be converted: the operations that no pattern takes, in one line."""

from __future__ import annotations

from collections import defaultdict
from typing import NoReturn

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.lifting.lifter import LiftError
from tf_recipes.convert.lifting.pattern import by_operation
from tf_recipes.convert.lifting.values import Unknown

MOST = 4  # kinds of operations that an error names


def refuse(view: GraphView, error: LiftError, keep_unknown: bool = False) -> NoReturn:
    """Raises the error of a graph with operations that no pattern takes.

    Args:
        view: the graph.
        error: what the lifter raised.
        keep_unknown: whether operations that can be kept were kept.

    Raises:
        ValueError: always.
    """
    kinds: dict[tuple[str, str], list[Unknown]] = defaultdict(list)
    for each in error.unknown:
        kinds[each.op, each.reason].append(each)
    listed = [_said(view, found) for found in list(kinds.values())[:MOST]]
    more = len(kinds) - MOST
    validation.fail(
        "Every operation between the inputs and the outputs must have a counterpart in Keras.",
        "; ".join(listed) + (f"; and {more} other kinds" if more > 0 else ""),
        "Name other inputs=[…] or outputs=[…] to leave them out, such as a tensor after or before "
        "them" + ("." if keep_unknown else ", or keep_unknown=True to keep them as they are."),
    )


def _said(view: GraphView, found: list[Unknown]) -> str:
    first = found[0]
    taken = [each.partition(":")[0] for each in view.inputs(first.node)][:2]
    users = sorted(
        {u for each in view.outputs_of(first.node) for u in view.consumers.get(each, [])}
    )[:1]
    between = (f"after {', '.join(_name(t) for t in taken)}" if taken else "") + (
        f"{' and ' if taken else ''}before {_name(users[0])}" if users else ""
    )
    number = len(found)
    if first.op not in by_operation():  # what comes after the first is at fault, too
        number = sum(view.op(name) == first.op for name in view.order)
    count = f"{number} times, such as " if number > 1 else ""
    where = f"{count}{_name(first.node)}" + (f", {between}" if between else "")
    return f"{shortened(first.op, 40)} ({where}) {first.reason}"


def _name(node: str) -> str:
    return repr(shortened(node, 60))
