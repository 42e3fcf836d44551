"""Finds the operation of a training step, and the loss whose gradients it takes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph.node_graph import NodeGraph, reached
from tf_recipes.graph.nodes import VARIABLES, full, node_of

APPLIES = re.compile(r"(Resource)?(Sparse)?Apply[A-Z]\w*$")
WRITES = re.compile(r"(Assign(Add|Sub)?|(Resource)?Scatter\w+|Assign\w*VariableOp)$")
GRADIENT_OF = re.compile(r"(?:^|/)(?:gradients(?:_\d+)?/)+(.+)_grad/[^/]+(?:/[^/]+)*$")
_GRADIENT = re.compile(r"(?:^|/)gradients(?:_\d+)?/")
_SCATTERS = re.compile(r"(Resource)?Scatter(Sub|Add)$")
_SUMS = ("Add", "AddV2", "AddN", "Sub", "Identity")
_ONES = re.compile(r"(?:^|/)gradients(?:_\d+)?/(?:Fill|grad_ys_\d+)$")


def find_train_op(graph: NodeGraph, given: str | None) -> str:
    """Returns the name of the training operation.

    Args:
        graph: the nodes.
        given: the name that a person gave, or None to find it.

    Raises:
        ValueError: if the operation is not in the graph, or cannot be told.
    """
    if given is not None:
        name = node_of(given)
        if name not in graph.nodes:
            validation.fail(
                "`train_op` must name an operation of the graph.",
                f"train_op={shortened(given, 100)!r}",
                f"The graph has {_listed(_possible_steps(graph))}.",
            )
        return name
    found = training_operations(graph)
    if len(found) != 1:
        validation.fail(
            "One operation must be the training step.",
            f"{len(found)} in {graph.graph.source!r}: {_listed(found)}",
            "Name the operation with train_op='NAME'."
            if found
            else "The graph must hold an optimizer's update, as tf.train.Saver writes it.",
        )
    return found[0]


def applies_gradient(graph: NodeGraph, name: str) -> bool:
    """Returns whether an operation applies a gradient to a variable.

    Plain gradient descent scatters the rows of a sparse gradient, times the rate.
    """
    node = graph.nodes[name]
    if APPLIES.match(node.op) or descent_of_rows(graph, name) is not None:
        return True
    if not _SCATTERS.match(node.op):
        return False
    added = node_of(node.input[2])
    taken = {each for first in graph.inputs(added) for each in (first, *graph.inputs(first))}
    return any(_GRADIENT.search(each) for each in (added, *taken))


def descent_of_rows(graph: NodeGraph, name: str) -> dict[str, str] | None:
    """Returns `{"rows", "gradient" and "rate": tensor}` of gradient descent of looked-up rows.

    Gradient descent has no operation for a sparse gradient: it subtracts the gradient times the
    rate from the rows. None for another operation.
    """
    node = graph.nodes[name]
    if not _SCATTERS.match(node.op) or len(node.input) < 3:
        return None
    _, rows, changed = (full(each) for each in node.input[:3])
    product = graph.nodes[node_of(changed)]
    if product.op != "Mul" or len(product.input) < 2:
        return None
    gradient, rate = (full(each) for each in product.input[:2])
    if node.op.endswith("Add"):
        negated = graph.nodes[node_of(gradient)]
        if negated.op != "Neg" or not negated.input:
            return None
        gradient = full(negated.input[0])
    if not _is_gradient(graph, gradient) or _is_gradient(graph, rate):
        return None
    return {"rows": rows, "gradient": gradient, "rate": rate}


def _is_gradient(graph: NodeGraph, tensor: str) -> bool:
    """Returns whether a tensor is made of gradients, and of no variable besides."""
    waiting, seen, found = [node_of(tensor)], set(), False
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if _GRADIENT.search(name):
            found = True
        elif graph.nodes[name].op in VARIABLES:
            return False
        else:
            waiting += graph.inputs(name)
    return found


def training_operations(graph: NodeGraph) -> list[str]:
    """Returns the names of the operations that can be a training step of the program.

    Args:
        graph: the nodes.
    """
    noted = [node_of(n) for n in graph.graph.collections.get("train_op", ())]
    found = [n for n in dict.fromkeys(noted) if n in graph.nodes] or _possible_steps(graph)
    # `minimize` notes its own operation; a group around it, with other updates, is the step
    whole = [n for n in found if set(found) <= graph.ancestors([n])][:1]
    whole = whole or _group_of(graph, found) or found
    if noted and len(whole) == 1:  # a group that the program made, and noted nowhere
        return _that_write_more(graph, whole[0]) or whole
    return whole


def _group_of(graph: NodeGraph, steps: Sequence[str]) -> list[str]:
    """Returns the last operation that runs several steps of one loss; none for other steps.

    A program may train some variables with one optimizer, and others with another one.
    """
    if len(steps) < 2:
        return []
    groups = [n for n in _last_after(graph, steps) if set(steps) <= graph.ancestors([n])]
    if len(groups) != 1:
        return []
    return groups if len(_of_gradients(graph, graph.ancestors(groups))) == 1 else []


def _that_write_more(graph: NodeGraph, step: str) -> list[str]:
    """Returns the last operations that run a step and also change variables that it does not."""

    def changed(name: str) -> set[str]:
        above = graph.ancestors([name])
        return {n for n in above if WRITES.match(graph.nodes[n].op)}

    own = changed(step)
    return [name for name in _last_after(graph, [step]) if changed(name) > own]


def _possible_steps(graph: NodeGraph) -> list[str]:
    """Returns the operations that run updates and that nothing else runs."""
    return _last_after(graph, [name for name in graph.nodes if applies_gradient(graph, name)])


def _last_after(graph: NodeGraph, apply: Sequence[str]) -> list[str]:
    """Returns the operations that run some others and that nothing else runs."""
    after = defaultdict(list)
    for name in graph.nodes:
        for each in graph.inputs(name, control=True):
            after[each].append(name)
    found = reached(apply, lambda name: after[name])
    last = [name for name in graph.nodes if name in found and not after[name]]
    # the Keras of TF1 reads its counter after the step
    return [name for name in last if graph.nodes[name].op != "ReadVariableOp"] or last


def find_loss(graph: NodeGraph, step: Collection[str], given: str | None) -> str:
    """Returns the name of the loss tensor, with its index.

    Args:
        graph: the nodes.
        step: the nodes that a training step runs.
        given: the name that a person gave, or None to find it.

    Raises:
        ValueError: if the tensor is not in the graph, or cannot be told.
    """
    if given is not None:
        if node_of(given) not in graph.nodes:
            validation.fail(
                "`loss` must name a tensor of the graph.",
                f"loss={shortened(given, 100)!r}",
                "Pass the name that `loss.name` has in the TF1 program.",
            )
        return full(given)
    found = _of_gradients(graph, step)
    if len(found) != 1:
        validation.fail(
            "One tensor must be the loss.",
            f"{len(found)} in {graph.graph.source!r}: {_listed(found)}",
            "Name the tensor with loss='NAME:0'.",
        )
    return found[0]


def _of_gradients(graph: NodeGraph, step: Collection[str]) -> list[str]:
    """Returns the tensors whose gradients the step takes; one where it has one loss.

    A loss may hold gradients of its own, such as a penalty of them. A loss whose gradients other
    variables get is another one, also where it is a part of the last.
    """
    terms: dict[str, list[str]] = defaultdict(list)
    for ones, loss in _losses(graph, step):
        terms[ones].append(loss)
    calls = {ones: list(dict.fromkeys(each)) for ones, each in terms.items()}
    calls = {ones: (len(e) > 1 and _last(graph, e)) or e for ones, e in calls.items()}
    found = list(dict.fromkeys(loss for each in calls.values() for loss in each))
    last = _last(graph, found) if len(found) > 1 else []
    if len(last) == 1:
        inside = graph.ancestors([node_of(last[0])], control=False)
        if all(ones in inside or each == last for ones, each in calls.items()):
            return last
    return found


def _losses(graph: NodeGraph, step: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yields the ones and the tensor of each gradient that the step begins with.

    `tf.gradients` begins with a node `Fill` of ones, which the gradient of the loss takes, and
    names each gradient after the operation that it belongs to.
    """
    for name in graph.nodes:
        of = GRADIENT_OF.search(name) if name in step else None
        if of and of[1] in graph.nodes:
            for each in map(node_of, graph.nodes[name].input):
                if _ONES.search(each):
                    yield each, f"{of[1]}:0"


def _last(graph: NodeGraph, found: Collection[str]) -> list[str]:
    """Returns the tensor that others are added to; none if there is none.

    Without gates, the gradients of the terms of a sum take the ones as that of the sum does.
    """
    terms = {node_of(each) for each in found}
    sums = set(terms)
    for name, node in graph.nodes.items():
        added = {each for each in graph.inputs(name) if graph.nodes[each].op != "Const"}
        if node.op in _SUMS and added and sums >= added:
            sums.add(name)
            if terms <= graph.ancestors([name], control=False):
                return [f"{name}:0"]
    return [each for each in found if terms <= graph.ancestors([node_of(each)], control=False)]


def _listed(names: Iterable[str]) -> str:
    listed = [repr(shortened(name, 60)) for name in names]
    more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
    return ", ".join(listed[:6]) + more if listed else "none"
