"""Lifts nodes that give their input unchanged, and the branches of `tf.cond`."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.step_builder import LAYER_PATH
from tf_recipes.convert.lifting.values import Flag, Unknown, Value
from tf_recipes.convert.patterns import _scalars
from tf_recipes.convert.program.expressions import Tensor
from tf_recipes.graph.nodes import full

_IDENTITIES = (
    *("Identity", "StopGradient", "PreventGradient", "CheckNumerics", "ReadVariableOp", "Snapshot"),
    "EnsureShape",
    *("RefIdentity", "PlaceholderWithDefault"),
)


def identity(node: Any, lifter: Lifter) -> Value:
    """Returns the value of the node's input; a gradient that TF1 stops is stopped, too."""
    value = lifter.value(node.input[0])
    if node.op == "StopGradient" and isinstance(value, Tensor) and _is_trained(value, lifter):
        return lifter.operation(node, "keras.ops.stop_gradient", value)
    return value


def _is_trained(tensor: Tensor, lifter: Lifter) -> bool:
    """Returns whether a tensor of the program depends on a variable, or on outputs of a model."""
    waiting, seen = [tensor.step], set()
    while waiting:
        step = waiting.pop()
        if (step.layer is not None and step.layer.variables) or step in lifter.trained:
            return True
        alone = step.layer is not None and step.layer.path == LAYER_PATH  # takes no values
        if id(step) not in seen and not alone:
            seen.add(id(step))
            waiting += [each.step for each in step.tensors()]
    return False


def switch(node: Any, lifter: Lifter) -> list[Value] | None:
    """Returns the value of the input for both branches; of a loop, there are none."""
    if lifter.view.op(lifter.view.behind(node.input[1])) == "LoopCond":
        return None
    chosen = lifter.value(node.input[1])
    known = isinstance(chosen, Flag | Tensor) or lifter.constant(node.input[1]) is not None
    value = lifter.value(node.input[0])
    return [value, value] if known else None


def merge_by_values(node: Any, lifter: Lifter) -> list[Value] | None:
    """Returns the entries of the branch that a tensor chooses; both branches are computed."""
    names = lifter.view.inputs(node.name)
    ends = [_end(name, lifter) for name in names]
    if len(names) != 2 or ends[0] is None or ends[1] is None:
        return None
    (chooser, in_first), (other, in_second) = ends[0], ends[1]
    if chooser != other or in_first == in_second:
        return None
    condition = lifter.tensor(chooser)
    shapes = [lifter.view.shape(name) for name in names]
    if condition is None or condition.shape != () or None in shapes or shapes[0] != shapes[1]:
        return None
    in_false, in_true = names if in_second else names[::-1]
    branches = [lifter.argument(each) for each in (in_true, in_false)]
    if any(each is None for each in branches):
        return None
    found = lifter.operation(node, "keras.ops.where", condition, *branches)
    return [found, Unknown(node.name, node.op)]


def _end(tensor: str, lifter: Lifter) -> tuple[str, bool] | None:
    """Returns what chooses a branch of `tf.cond`, and for which value it chooses this one.

    Args:
        tensor: what the branch gives.
        lifter: the lifter.

    Returns:
        None where a tensor lies in no branch, or it cannot be told in which.
    """
    view = lifter.view
    found: set[tuple[str, bool]] = set()
    seen: set[tuple[str, int]] = set()
    waiting = [(tensor, 0)]  # tensors, and in how many more branches they lie
    while waiting:
        name, depth = waiting.pop()
        node = view.node(name)
        if (name, depth) in seen or view.is_input(name):
            continue
        seen.add((name, depth))
        inputs = view.inputs(node.name)
        if node.op in ("Switch", "RefSwitch"):
            if not depth:
                found.add((full(view.behind(inputs[1])), full(name).endswith(":1")))
                continue
            depth -= 1
        elif node.op in ("Merge", "RefMerge"):
            depth += 1
        # a branch without data of its own hangs on its pivot alone
        pivots = [e[1:] for e in node.input if e.startswith("^") and e[1:] in view.nodes]
        waiting += [(each, depth) for each in (*inputs, *pivots)]
    return found.pop() if len(found) == 1 else None


def merge(node: Any, lifter: Lifter) -> list[Value] | None:
    """Returns the value of the branch that training takes; both must be equal in evaluation."""
    branches = branches_of(node.name, lifter)
    if branches is None:
        return None
    in_training, in_evaluation = (lifter.value(each) for each in branches)
    return [chosen(node, in_training, in_evaluation, lifter), Unknown(node.name, node.op)]


def branches_of(name: str, lifter: Lifter) -> tuple[str, str] | None:
    """Returns the tensors that a Merge or Select takes in training and in evaluation.

    Returns:
        None where no flag of training chooses between its inputs.
    """
    view = lifter.view
    node = view.nodes[name]
    if node.op in ("Select", "SelectV2"):
        condition, if_true, if_false = view.inputs(name)
        flag = flag_of(condition, lifter)
    elif node.op in ("Merge", "RefMerge"):
        if_false, if_true = view.inputs(name)[:2]
        flag = _predicate(name, lifter)
    else:
        return None
    if flag is None:
        return None
    return (if_false, if_true) if flag.negated else (if_true, if_false)


def flag_of(tensor: str, lifter: Lifter) -> Flag | None:
    """Returns the flag that a tensor is, also in another shape; None for any other tensor."""
    value = lifter.value(lifter.view.behind(tensor, also=("Reshape", "ExpandDims", "Squeeze")))
    return value if isinstance(value, Flag) else None


def _predicate(name: str, lifter: Lifter) -> Flag | None:
    """Returns the flag of the Switch nodes that a Merge closes."""
    view, seen = lifter.view, set()
    waiting = list(view.inputs(name))
    while waiting:
        tensor = waiting.pop()
        node = view.node(tensor)
        if node.name in seen or view.is_input(tensor):
            continue
        seen.add(node.name)
        if node.op in ("Switch", "RefSwitch"):
            return _scalars.Scalars(lifter).flag(node.input[1])
        waiting += view.inputs(tensor)
        # a branch without data of its own hangs on its pivot alone
        waiting += [
            e.removeprefix("^") for e in node.input if e.startswith("^") and e[1:] in view.nodes
        ]
    return None


def chosen(node: Any, in_training: Value, in_evaluation: Value, lifter: Lifter) -> Value:
    """Returns the value in training, if it is in evaluation what the other branch gives."""
    if isinstance(in_training, Unknown):
        return in_training
    if isinstance(in_evaluation, Unknown):
        return in_evaluation
    if lifter.in_evaluation(in_training) != lifter.in_evaluation(in_evaluation):
        return Unknown(node.name, node.op, "has branches for training and evaluation that differ")
    if isinstance(in_training, Tensor) and isinstance(in_evaluation, Tensor):
        lifter.forget_notes(in_training, in_evaluation)
    return in_training


def select(node: Any, lifter: Lifter) -> Value | None:
    """Returns the value of the branch that training takes."""
    branches = branches_of(node.name, lifter)
    if branches is None:
        return None
    in_training, in_evaluation = (lifter.value(each) for each in branches)
    return chosen(node, in_training, in_evaluation, lifter)


def logical_not(node: Any, lifter: Lifter) -> Value | None:
    """Returns the contrary of a flag."""
    value = lifter.value(node.input[0])
    return Flag(value.name, not value.negated) if isinstance(value, Flag) else None


PATTERNS = (
    Pattern("identity", _IDENTITIES, identity, "the input"),
    Pattern("tf.cond: branches", ("Switch", "RefSwitch"), switch, "the input"),
    Pattern("tf.cond: result", ("Merge", "RefMerge"), merge, "the branch, if `training`"),
    Pattern("tf.cond by values", ("Merge",), merge_by_values, "keras.ops.where", 90),
    Pattern("tf.where by the flag of training", ("Select", "SelectV2"), select, "the branch", 10),
    Pattern("not training", ("LogicalNot",), logical_not, "`not training`", 10),
)
