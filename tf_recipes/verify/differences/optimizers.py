"""Tries the graph's learning rates and numbers in the port's optimizer, then TF1's optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes.blocks import optimizers
from tf_recipes.verify.bench import schedule_code, slots
from tf_recipes.verify.bench.substitution import TRAINING, Case, Substitution, inner, rounded

# TF1's name of a number -> its name in Keras' optimizers
_ARGUMENTS = {
    "momentum": "momentum",
    "decay": "rho",
    "rho": "rho",
    "epsilon": "epsilon",
    "beta1": "beta_1",
    "beta2": "beta_2",
}


class RecordedRates(keras.optimizers.schedules.LearningRateSchedule):
    """Gives the learning rate that TF1 had in each step, in float32.

    Args:
        rates: the rates, one for each step; the last one holds after them.
        first: the number of steps that were taken before.
    """

    def __init__(self, rates: list[float], first: int = 0) -> None:
        super().__init__()
        self.rates, self.first = rates, first

    def __call__(self, step: Any) -> Any:
        k = keras.ops.clip(keras.ops.cast(step, "int32") - self.first, 0, len(self.rates) - 1)
        return keras.ops.take(keras.ops.convert_to_tensor(np.asarray(self.rates, "f4")), k)

    def get_config(self) -> dict[str, Any]:
        return {"rates": self.rates, "first": self.first}


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields the rates, each number, and the whole optimizer of the graph, where they differ."""
    facts = case.facts
    if case.stage != TRAINING or facts.update is None:
        return
    optimizer = inner(case.model.optimizer)
    same_rates = not facts.rates or np.array_equal(_own_rates(case), np.asarray(facts.rates, "f4"))
    if not same_rates:
        yield _rates(case)
    for theirs, ours in _ARGUMENTS.items():
        value, now = facts.numbers.get(theirs), getattr(optimizer, ours, None)
        if value is None or not isinstance(now, float | int) or isinstance(now, bool):
            continue
        if np.float32(value) != np.float32(now):
            yield _number(ours, rounded(value), now)
    initial = facts.constant_slot("accumulator")
    started = getattr(optimizer, "initial_accumulator_value", None)
    adagrad = facts.update.kind == "Adagrad" and None not in (started, initial)
    if adagrad and started is not None and started != initial:
        yield _accumulator(started, initial)
    made = _tf1_optimizer(case)
    if made is None:
        return
    code, kind, arguments = made
    config = optimizer.get_config()
    plain = isinstance(optimizer, keras.optimizers.SGD) and not config.get("momentum")
    if plain and kind is optimizers.GradientDescent and case.result.bench.dtype == "float32":
        return  # the two are one
    if type(optimizer) is kind and all(config.get(n) == v for n, v in arguments.items()):
        return
    before = type(optimizer).__name__
    is_ours = type(optimizer).__module__.partition(".")[0] == "tf_recipes"
    shown = f"tf_recipes.{before}" if is_ours else f"keras.optimizers.{before}"
    decay = getattr(optimizer, "weight_decay", None)
    decays = isinstance(decay, float) or "weight_decay" in arguments
    yield Substitution(
        "decay_order" if decays else "optimizer",
        f"replace `{shown}(…)` by `{code}`",
        code,
        _with(case, kind, arguments),
        "optimizer",
    )


def _own_rates(case: Case) -> NDArray[Any]:
    """Returns the rates that the port's optimizer has in the steps."""
    count, rate = len(case.facts.rates), inner(case.model.optimizer)._learning_rate
    if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return np.full(count, np.float32(np.asarray(keras.ops.convert_to_numpy(rate))))
    first = _taken(case)
    steps = (keras.ops.convert_to_tensor(first + k, "int32") for k in range(count))
    return np.array([np.float32(keras.ops.convert_to_numpy(rate(step))) for step in steps])


def _taken(case: Case) -> int:
    reference = case.result.bench.reference
    return slots.taken(reference.structure, reference.roles, reference.initial)


def _rates(case: Case) -> Substitution:
    rates = [rounded(rate) for rate in case.facts.rates]
    constant = len(set(rates)) == 1
    shown = str(rates[0]) if constant else f"{', '.join(map(str, rates[:4]))}, …"
    schedule = RecordedRates(case.facts.rates, _taken(case))

    def change(model: keras.Model, _: Any) -> None:
        inner(model.optimizer)._learning_rate = schedule

    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.asarray(case.facts.rates) / _own_rates(case)
    scaled = bool(np.ptp(share) < 1e-5 * abs(share[0]))  # the port's schedule from another rate
    name = "learning_rate" if constant or scaled else "schedule"
    text = f"give the optimizer TF1's learning rate in each step: {shown}"
    code = f"learning_rate={shown if constant else _schedule(case)}"
    return Substitution(name, text, code, change, "optimizer")


def _accumulator(before: float, value: float | None) -> Substitution:
    def change(model: keras.Model, _: Any) -> None:
        optimizer = inner(model.optimizer)
        new = type(optimizer).from_config(
            {**optimizer.get_config(), "initial_accumulator_value": value}
        )
        _exchange(model, new)

    code = f"initial_accumulator_value={value}"
    text = f"give the optimizer {code}; it has {before}"
    return Substitution("initial_accumulator", text, code, change, "optimizer")


def _schedule(case: Case) -> str:
    """Returns the schedule of the graph as code, or its first rates."""
    update = case.facts.update
    assert update is not None
    code = schedule_code.written(case.structure, update, case.facts.rates, _taken(case))
    if code:
        return code
    listed = ", ".join(str(rounded(rate)) for rate in case.facts.rates[:6])
    return f"schedule  # whose rates are {listed}, …"


def _number(name: str, value: float, now: float) -> Substitution:
    def change(model: keras.Model, _: Any) -> None:
        setattr(inner(model.optimizer), name, value)

    text = f"give the optimizer {name}={value}; it has {now}"
    key = "epsilon" if name == "epsilon" else "optimizer"
    return Substitution(key, text, f"{name}={value}", change, "optimizer")


def _tf1_optimizer(case: Case) -> tuple[str, Any, dict[str, Any]] | None:
    """Returns the code, the class and the arguments of the optimizer that the graph has."""
    facts = case.facts
    update = facts.update
    assert update is not None
    numbers = {role: rounded(value) for role, value in facts.numbers.items()}
    constant = len(set(facts.rates)) <= 1
    shown = str(numbers.get("rate", 0.0)) if constant else _schedule(case).partition("  #")[0]
    decay = facts.weight_decay(update.variable)
    arguments: dict[str, Any] = {}
    kind: Any
    match update.kind:
        case "GradientDescent":
            kind = optimizers.GradientDescent
        case "Momentum":
            kind = optimizers.MomentumW if decay else optimizers.Momentum
            arguments = {"momentum": numbers["momentum"], "nesterov": update.nesterov}
        case "Adagrad":
            kind = optimizers.Adagrad
            initial = facts.constant_slot("accumulator")
            arguments = {"initial_accumulator_value": initial} if initial is not None else {}
        case "RMSProp" | "CenteredRMSProp":
            kind = optimizers.RMSProp
            arguments = {"rho": numbers["decay"], "momentum": numbers["momentum"]}
            arguments |= {"epsilon": numbers["epsilon"]}
            arguments |= {"centered": update.kind == "CenteredRMSProp"}
        case "Adam":
            kind = optimizers.AdamW if decay else optimizers.Adam
            arguments = {"beta_1": numbers["beta1"], "beta_2": numbers["beta2"]}
            arguments |= {"epsilon": numbers["epsilon"]}
        case _:
            return None
    if decay and update.kind in ("Momentum", "Adam"):
        arguments = {"weight_decay": decay, **arguments}
    listed = "".join(f", {name}={value}" for name, value in arguments.items() if value is not False)
    return f"tf_recipes.{kind.__name__}(learning_rate={shown}{listed})", kind, arguments


def _with(
    case: Case, kind: Any, arguments: Mapping[str, Any]
) -> Callable[[keras.Model, Any], None]:
    """Returns what gives a model TF1's optimizer, with the port's own clipping."""

    def change(model: keras.Model, _: Any) -> None:
        rates = case.facts.rates
        rate = RecordedRates(rates, _taken(case)) if rates else 0.01
        names = ("clipvalue", "clipnorm", "global_clipnorm")
        before = inner(model.optimizer)
        kept = {name: v for name in names if (v := getattr(before, name, None)) is not None}
        _exchange(model, kind(learning_rate=rate, **arguments, **kept))

    return change


def _exchange(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Gives a fresh copy of the port another optimizer.

    To compile the model again would need all that it was compiled with, which a `compile` method
    of the port's own may take as other arguments.
    """
    model.optimizer = optimizer
