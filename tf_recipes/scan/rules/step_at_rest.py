"""Finds schedules whose step no optimizer of the file raises: TF1's rate never decays."""

import ast
from collections.abc import Iterator
from typing import Any

from tf_recipes.scan.reading.scopes import bindings_of, called_name
from tf_recipes.scan.terms.rule import Advice, Called, Whole, trap
from tf_recipes.scan.terms.unparsing import unparsed

FUNCTIONS = frozenset(
    f"tf.train.{name}"
    for name in (
        "cosine_decay",
        "cosine_decay_restarts",
        "exponential_decay",
        "inverse_time_decay",
        "linear_cosine_decay",
        "natural_exp_decay",
        "noisy_linear_cosine_decay",
        "piecewise_constant",
        "piecewise_constant_decay",
        "polynomial_decay",
    )
)
_TRAINING = ("apply_gradients", "minimize")
_COUNTING = ("create_train_op", "optimize_loss", "train")  # these raise the step themselves
_CHANGING = ("assign", "assign_add", "count_up_to", "load", "scatter_add", "scatter_update")
_MADE_BY = (
    "Variable",
    "create_global_step",
    "get_global_step",
    "get_or_create_global_step",
    "get_variable",
)


def check(whole: Whole) -> Iterator[Advice]:
    """Yields advice on schedules, in a file that trains and gives no step to an optimizer."""
    schedules = [each for each in whole.calls if each.name in FUNCTIONS]
    if not schedules:
        return
    calls = [each for each in ast.walk(whole.tree) if isinstance(each, ast.Call)]
    named = [(called_name(each), each) for each in calls]
    trained = [each for name, each in named if name in _TRAINING]
    if not trained or any(_gets_step(each) for each in trained):
        return
    if any(name in _COUNTING for name, _ in named):
        return
    changed = {_first(each) for name, each in named if name in _CHANGING}
    for schedule in schedules:
        step = schedule.argument("x" if "piecewise" in schedule.name else "global_step")
        if step is None or not _is_made(step, schedule.scope) or unparsed(step) in changed:
            continue
        yield Advice(
            "No optimizer of this file gets the step: TF1's rate never decays. A schedule of "
            "Keras counts the steps in any case.",
            f"the constant rate {_start(schedule)}, for TF1's numbers",
            node=schedule.node,
        )


def _gets_step(call: ast.Call) -> bool:
    """Returns whether `minimize` or `apply_gradients` gets a step, or may get one."""
    given = {each.arg for each in call.keywords}
    stars = any(isinstance(each, ast.Starred) for each in call.args)
    return len(call.args) > 1 or stars or None in given or "global_step" in given


def _first(call: ast.Call) -> str:
    """Returns the variable that a call changes: `tf.assign_add(v, 1)` or `v.assign_add(1)`."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    is_function = len(call.args) > 1 or any(each.arg == "ref" for each in call.keywords)
    changed = next(iter([*call.args, *(each.value for each in call.keywords)]), None)
    node = changed if is_function or owner is None else owner
    return "" if node is None else unparsed(node)


def _is_made(node: ast.expr, scope: Any) -> bool:
    """Returns whether the file makes a step: a variable, which something must raise."""
    if isinstance(node, ast.Call):
        return called_name(node) in _MADE_BY
    if not isinstance(node, ast.Name):
        return False
    values = [each.value for each in bindings_of(node.id, scope)]
    made = [isinstance(each, ast.Call) and called_name(each) in _MADE_BY for each in values]
    return bool(made) and all(made)


def _start(schedule: Called) -> str:
    """Returns the rate of the first step."""
    if "piecewise" not in schedule.name:
        return schedule.text("learning_rate")
    values = schedule.argument("values")
    if isinstance(values, ast.List | ast.Tuple) and values.elts:
        return unparsed(values.elts[0])
    return f"{schedule.text('values')}[0]"


RULE = trap(
    code="TFR030",
    name="step-at-rest",
    difference="step_counter",
    before=(
        "import tensorflow as tf\n"
        "step = tf.Variable(0, trainable=False)\n"
        "rate = tf.train.exponential_decay(0.1, step, 100, 0.5)\n"
        "train = tf.train.GradientDescentOptimizer(rate).minimize(loss)\n"
    ),
    after=(
        "import tensorflow as tf\n"
        "step = tf.Variable(0, trainable=False)\n"
        "rate = tf.train.exponential_decay(0.1, step, 100, 0.5)\n"
        "train = tf.train.GradientDescentOptimizer(rate).minimize(loss, global_step=step)\n"
    ),
    functions=FUNCTIONS,
    whole=check,
)
