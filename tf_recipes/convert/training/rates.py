"""Finds the learning rate of a TF1 training step: a number, or a schedule of Keras."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NoReturn

import keras
import numpy as np

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.lifting.graph_view import GraphView, unknown_operations
from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.step_builder import LiftError
from tf_recipes.convert.lifting.values import Constant, Value
from tf_recipes.convert.program.expressions import Made
from tf_recipes.convert.program.function_code import DECORATOR, FunctionCode, executed
from tf_recipes.convert.training.graph_probe import Probe, needs_value
from tf_recipes.convert.training.numbers_of_graph import plain
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench import schedule_code

NAME = "LearningRate"  # of the class that a graph's own schedule becomes
_SCHEDULE = "keras.optimizers.schedules.LearningRateSchedule"
CHECKED = 20  # steps at which the written schedule is compared with the graph
FIRST = 25  # the first steps at which a schedule is compared with the graph, each one
MORE = (30, 50, 75, 100, 200, 333, 500, 1000, 2000, 5000, 10000, 30000, 100000, 1000000)


@dataclasses.dataclass(frozen=True)
class Rate:
    """Holds a learning rate: the expression, and the variable that counts the steps, or None.

    `functions` is the source code of a class that the expression names.
    """

    expression: Any
    counter: str | None
    functions: tuple[str, ...] = ()


def find(
    structure: Structure,
    tensor: str,
    values: Mapping[str, Any],
    feed: Mapping[str, Any],
) -> Rate:
    """Finds the learning rate.

    Args:
        structure: the `Structure` of the graph.
        tensor: the tensor of the rate.
        values: `{variable: value}` in the checkpoint.
        feed: `{placeholder: value}` in training.

    Raises:
        ValueError: if the rate is no known schedule, or depends on a placeholder without a value.
    """
    with Probe(structure, [tensor]) as probe:
        if probe.random:
            _refuse(structure, tensor, f"random numbers at {shortened(probe.random[0], 80)!r}")
        for name in probe.placeholders:
            fed = name in feed or node_of(name) in feed
            if not fed and not structure.has_default(node_of(name)):
                needs_value(structure, name)
        counters = [
            name
            for name in probe.variables
            if name in structure.written and np.ndim(values[name]) == 0
        ]
        state = {name: values[name] for name in probe.variables}
        if not counters:
            return Rate(plain(probe.run(feed, state)[0]), None)
        if len(counters) > 1:
            _refuse(structure, tensor, f"the variables {', '.join(map(repr, counters[:3]))}")
        counter = counters[0]
        constants = schedule_code.constants(structure, probe.nodes)
        wanted = _steps(constants, int(values[counter]))
        dtype = np.asarray(values[counter]).dtype
        rates = np.array(
            [
                float(probe.run(feed, {**state, counter: np.asarray(k, dtype)})[0].reshape(()))
                for k in wanted
            ]
        )
    if (rates == rates[0]).all():
        return Rate(plain(np.float32(rates[0])), None)
    kept = [plain(v) for n, v in state.items() if n != counter and np.ndim(v) == 0]
    call = schedule_code.find(structure, tensor, wanted.astype("f8"), rates, kept)
    if call is not None:
        return Rate(Made(call.path, call.arguments, call.keywords), counter)
    shown = f"rates {', '.join(f'{each:.6g}' for each in rates[:4])}, …"
    sources = _lifted(structure, tensor, counter, {**state, **feed}, shown)
    _check(structure, tensor, "\n\n".join(sources), wanted, rates, shown)
    return Rate(Made(NAME), counter, sources)


def _lifted(
    structure: Structure, tensor: str, counter: str, known: Mapping[str, Any], shown: str
) -> tuple[str, ...]:
    """Returns the source code of a schedule that computes as the graph does, and what it calls.

    Args:
        structure: the `Structure` of the graph.
        tensor: the tensor of the rate.
        counter: the variable that counts the steps.
        known: `{variable or placeholder: value}`.
        shown: what a refusal shows of the rates.
    """
    with Probe(structure, [tensor]) as probe:
        reads = [f"{name}:0" for name in probe.reads_of(counter)]
        nodes = probe.nodes
        read = {each: known[n] for n in probe.variables for each in probe.reads_of(n)}
    constants: dict[str, Value] = {
        node_of(name): Constant(np.asarray(value))
        for name, value in {**known, **read}.items()
        if node_of(name) in nodes and node_of(name) not in map(node_of, reads)
    }
    view = GraphView(structure.graph, [tensor], reads)
    try:
        lifted = Lifter(view, constants, reads).lift()
        code = FunctionCode(lifted.program, lifted.inputs, lifted.outputs[0], ["step"] * len(reads))
        body = code.body()
    except LiftError as error:
        found = unknown_operations([(each.op, each.node) for each in error.unknown])
        _refuse(structure, tensor, f"{shown} by {found}")
    except ValueError:
        _refuse(structure, tensor, shown)
    lines = [
        DECORATOR,
        f"class {NAME}({_SCHEDULE}):",
        '    """Computes the learning rate of a step."""',
        "",
        "    def __call__(self, step):",
        *(f"        {line}" for line in body),
        "",
        "    def get_config(self):",
        "        return {}",
    ]
    return *code.copies(), "\n".join(lines)


def _check(
    structure: Structure, tensor: str, source: str, steps: np.ndarray, rates: np.ndarray, shown: str
) -> None:
    """Checks that a schedule has the rates of the graph."""
    namespace = executed(source)
    schedule = namespace[NAME]()
    some = slice(None, None, max(1, len(steps) // CHECKED))
    for step, rate in zip(steps[some], rates[some], strict=True):
        got = keras.ops.convert_to_numpy(schedule(keras.ops.convert_to_tensor(int(step), "int32")))
        if not abs(float(got) - rate) <= schedule_code.CLOSE * abs(rate):
            _refuse(structure, tensor, f"{shown}, which differ from {float(got):.6g} at {step}")


def _steps(constants: list[float], taken: int) -> np.ndarray:
    """Returns the steps at which rates are compared: around each constant, and far away."""
    near = {int(c) + k for c in constants if 1 <= c < 2**30 for k in (-1, 0, 1, 2)}
    found = {*range(FIRST), *range(taken, taken + FIRST), *MORE, *near}
    return np.array(sorted(each for each in found if each >= 0))


def _refuse(structure: Structure, tensor: str, received: str) -> NoReturn:
    validation.fail(
        "The learning rate must be a number, or a schedule of Keras.",
        f"{received} at {shortened(tensor, 80)!r} in {structure.graph.source!r}",
        "Convert for predictions alone with inference=True.",
    )
