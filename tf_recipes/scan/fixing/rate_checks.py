"""Tells which rates and steps TensorFlow computes anew in each step, and Keras would not."""

import ast
from collections.abc import Collection

from tf_recipes.scan import rewrite_registry
from tf_recipes.scan.fixing.file_view import FileView, root
from tf_recipes.scan.fixing.function_units import OUTSIDE
from tf_recipes.scan.reading.scopes import SELF, Calling, Scope, name_of
from tf_recipes.scan.terms.rule import Called, number
from tf_recipes.scan.terms.tf1_calls import CannotFix

_FLAGS = ("tf.app.flags", "tf.flags")
# What a step may be made by: these count steps, and compute nothing.
_COUNTERS = frozenset(
    ["tf.train.get_global_step", "tf.train.get_or_create_global_step", "tf.cast", "tf.to_float"]
).union(["tf.train.create_global_step", "tf.Variable", "tf.get_variable"])
_MOST_STEPS = 8  # names behind one another


class Rates:
    """Looks at the rates and the schedules of one file.

    Args:
        view: the file.
        at_rest: the places of schedules whose step never rises, each as `(line, column)`.
    """

    def __init__(self, view: FileView, at_rest: Collection[tuple[int, int]] = ()) -> None:
        self._view, self._at_rest = view, at_rest
        self._bound = view.analysis.resolver.lookups.bound
        self._schedules = rewrite_registry.all_rewrites()["schedules"].calls

    def is_rate(self, node: ast.Call) -> bool:
        """Returns whether the result of a call is the first argument of optimizers alone."""
        parent = self._view.parents.get(id(node))
        if self._is_of_optimizer(parent, node):
            return True
        if not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
            return False
        target = parent.targets[0]
        if not isinstance(target, ast.Name):
            return False
        of = self._view.functions.of
        function = of(target.lineno)
        loads = [
            each
            for each in self._view.loads(target.id)
            # another function has another variable of this name
            if function in (OUTSIDE, of(each.lineno)) or self._view.is_global(target.id)
        ]
        return bool(loads) and all(
            self._is_of_optimizer(self._view.parents.get(id(each)), each) for each in loads
        )

    def _is_of_optimizer(self, parent: ast.AST | None, node: ast.AST) -> bool:
        if isinstance(parent, ast.keyword) and parent.arg == "learning_rate":
            parent = self._view.parents.get(id(parent))
        elif not isinstance(parent, ast.Call) or not parent.args or parent.args[0] is not node:
            return False
        if not isinstance(parent, ast.Call):
            return False
        name, _ = self._view.named(parent.func)
        return name.startswith("tf.train.") and name.endswith("Optimizer")

    def check(self, calling: Calling, name: str) -> None:
        """Checks that a rate is a number or a schedule, and that a schedule counts the steps.

        Raises:
            CannotFix: if TensorFlow computes one of them anew in each step.
        """
        call = Called(name, calling.node)
        if name.startswith("tf.train.") and name.endswith("Optimizer"):
            rate = call.argument("learning_rate", 0)
            if rate is not None and self._is_computed(rate, calling.scope):
                raise CannotFix("its rate is computed in each step, and would stay the first one")
        elif name in self._schedules:
            step = call.argument("x") if "piecewise" in name else call.argument("global_step")
            if step is not None and self._is_other_count(step, calling.scope):
                raise CannotFix("its step is computed, and a schedule counts the steps alone")
            if (calling.node.lineno, calling.node.col_offset) in self._at_rest:
                raise CannotFix("its step never rises, and a schedule counts the steps")

    def _is_computed(self, node: ast.expr, scope: Scope, depth: int = 0) -> bool:
        """Returns whether an expression has an operation of TensorFlow, but for a schedule."""
        name, called = self._view.named(node)
        if called and name in self._schedules:
            return False
        if name and not name.startswith(_FLAGS):
            return True
        if isinstance(node, ast.Name) or root(node) in SELF:
            return depth < _MOST_STEPS and any(
                self._is_computed(value, of_scope, depth + 1)
                for value, of_scope in self._bound(node, scope)
            )
        inner = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
        return any(self._is_computed(each, scope, depth) for each in inner)

    def _is_other_count(self, node: ast.expr, scope: Scope, depth: int = 0) -> bool:
        """Returns whether an expression is no mere number of steps, such as `step * 64`."""
        if "epoch" in (node.attr if isinstance(node, ast.Attribute) else name_of(node)).lower():
            return True
        if isinstance(node, ast.Name) or root(node) in SELF:
            return depth < _MOST_STEPS and any(
                self._is_other_count(value, of_scope, depth + 1)
                for value, of_scope in self._bound(node, scope)
            )
        if isinstance(node, ast.Call):
            name, _ = self._view.named(node)
            if name == "tf.Variable" and not _starts_at_zero(Called(name, node)):
                return True
            counted = node.args[:1] if name in ("tf.cast", "tf.to_float") else []
            return bool(name) and (
                name not in _COUNTERS
                or any(self._is_other_count(each, scope, depth) for each in counted)
            )
        return isinstance(node, ast.BinOp | ast.UnaryOp | ast.IfExp | ast.Constant)


def _starts_at_zero(variable: Called) -> bool:
    """Returns whether a variable may start at 0: what no number in the code says otherwise."""
    return number(variable.argument("initial_value", 0)) in (0, None)
