"""Tries the graph's learning rates and numbers in the port's optimizer, then TF1's optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from tf_recipes.blocks import optimizers
from tf_recipes.graph.facts import Facts
from tf_recipes.verify.substitution import TRAINING, Case, Substitution, rounded

PAGE = "docs/recipes/optimizers.md"
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
        return keras.ops.take(keras.ops.convert_to_tensor(np.float32(self.rates)), k)

    def get_config(self) -> dict[str, Any]:
        return {"rates": self.rates, "first": self.first}


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields the rates, each number, and the whole optimizer of the graph."""
    facts = case.facts
    if case.stage != TRAINING or facts.update is None:
        return
    optimizer = case.model.optimizer
    if facts.rates:
        yield _rates(case)
    for theirs, ours in _ARGUMENTS.items():
        value = facts.numbers.get(theirs)
        now = getattr(optimizer, ours, None)
        if (
            value is not None
            and isinstance(now, float | int)
            and np.float32(value) != np.float32(now)
        ):
            yield _number(ours, rounded(value), now)
    made = _tf1_optimizer(facts)
    if made is not None:
        code, make = made
        before = type(optimizer).__name__
        module = type(optimizer).__module__.partition(".")[0]
        shown = f"tf_recipes.{before}" if module == "tf_recipes" else f"keras.optimizers.{before}"
        text = f"replace `{shown}(…)` by `{code}`"
        decay = _weight_decay(optimizer)
        yield Substitution(
            "optimizer", text, code, PAGE, _with(case, make, keep_clipping=True), "optimizer"
        )
        if decay:
            text = f"{text}, without weight_decay={decay}"
            yield Substitution("decay_order", text, code, PAGE, _with(case, make), "optimizer")


def _rates(case: Case) -> Substitution:
    rates = [rounded(rate) for rate in case.facts.rates]
    constant = len(set(rates)) == 1
    shown = str(rates[0]) if constant else f"{', '.join(map(str, rates[:4]))}, …"
    first = int(np.asarray(case.model.optimizer.iterations)) - 0

    def change(model: keras.Model, _: Any) -> None:
        # the steps that the checkpoint has taken are counted when its state is carried over
        from tf_recipes.verify import slots

        reference = case.result.bench.reference
        taken = slots.taken(reference.structure, reference.roles, reference.initial)
        schedule = rates[0] if constant else RecordedRates(case.facts.rates, taken)
        _set_rate(model.optimizer, schedule)

    del first
    name = "learning_rate" if constant else "schedule"
    text = f"give the optimizer TF1's learning rate in each step: {shown}"
    code = f"learning_rate={shown}" if constant else schedule_code(case)
    page = PAGE if constant else "docs/recipes/schedules.md"
    return Substitution(name, text, code, page, change, "optimizer")


def schedule_code(case: Case) -> str:
    """Returns the code of the schedule that has the rates of the graph, where it is a known one."""
    structure, update = case.structure, case.facts.update
    assert update is not None
    above = structure.ancestors([update.tensors["rate"].partition(":")[0]], control=False)
    constants = {
        name: float(value)
        for name in above
        if (value := structure.constant(name)) is not None
        and value.ndim == 0
        and value.dtype != bool
    }
    if any(structure.nodes[name].op == "Pow" for name in above):
        staircase = any(structure.nodes[name].op == "Floor" for name in above)
        rates = case.facts.rates
        listed = ", ".join(f"{rounded(value)}" for _, value in sorted(constants.items()))
        return (
            "learning_rate=tf_recipes.exponential_decay(initial, decay_steps, decay_rate"
            f"{', staircase=True' if staircase else ''})  # constants of the graph: {listed}; "
            f"first rate {rounded(rates[0])}"
        )
    rates = ", ".join(str(rounded(rate)) for rate in case.facts.rates[:6])
    return f"learning_rate=…  # TF1's rates are {rates}"


def _number(name: str, value: float, now: float) -> Substitution:
    def change(model: keras.Model, _: Any) -> None:
        setattr(model.optimizer, name, value)

    text = f"give the optimizer {name}={value}; it has {now}"
    key = "epsilon" if name == "epsilon" else "optimizer"
    return Substitution(key, text, f"{name}={value}", PAGE, change, "optimizer")


def _tf1_optimizer(
    facts: Facts,
) -> tuple[str, Callable[..., keras.optimizers.Optimizer]] | None:
    """Returns the code and the maker of the optimizer that the graph has."""
    update = facts.update
    assert update is not None
    numbers = {role: rounded(value) for role, value in facts.numbers.items()}
    rate = numbers.get("rate", 0.0)
    shown = rate if len(set(facts.rates)) <= 1 else "schedule"
    arguments: dict[str, Any] = {}
    match update.kind:
        case "GradientDescent":
            kind: Any = optimizers.GradientDescent
        case "Momentum":
            kind = optimizers.Momentum
            arguments = {"momentum": numbers["momentum"], "nesterov": update.nesterov}
        case "Adagrad":
            kind = optimizers.Adagrad
            initial = _initial_accumulator(facts)
            arguments = {"initial_accumulator_value": initial} if initial is not None else {}
        case "RMSProp" | "CenteredRMSProp":
            kind = optimizers.RMSProp
            arguments = {"rho": numbers["decay"], "momentum": numbers["momentum"]}
            arguments |= {"epsilon": numbers["epsilon"]}
            arguments |= {"centered": update.kind == "CenteredRMSProp"}
        case "Adam":
            kind = optimizers.Adam
            arguments = {"beta_1": numbers["beta1"], "beta_2": numbers["beta2"]}
            arguments |= {"epsilon": numbers["epsilon"]}
        case _:
            return None

    def make(learning_rate: Any, **clipping: Any) -> keras.optimizers.Optimizer:
        return kind(learning_rate=learning_rate, **arguments, **clipping)

    listed = "".join(f", {name}={value}" for name, value in arguments.items() if value is not False)
    return f"tf_recipes.{kind.__name__}({shown}{listed})", make


def _initial_accumulator(facts: Facts) -> float | None:
    """Returns the value with which Adagrad's accumulator starts, where the checkpoint tells it."""
    return facts.constant_slot("accumulator")


def _with(
    case: Case, make: Callable[..., keras.optimizers.Optimizer], keep_clipping: bool = False
) -> Callable[[keras.Model, Any], None]:
    def change(model: keras.Model, _: Any) -> None:
        from tf_recipes.verify import slots

        reference = case.result.bench.reference
        taken = slots.taken(reference.structure, reference.roles, reference.initial)
        rates = case.facts.rates
        rate: Any = rounded(rates[0]) if rates else 0.01
        if len(set(rates)) > 1:
            rate = RecordedRates(rates, taken)
        options: Mapping[str, Any] = {}
        if keep_clipping:
            names = ("clipvalue", "clipnorm", "global_clipnorm", "weight_decay", "use_ema")
            options = {
                name: value
                for name in names
                if (value := getattr(model.optimizer, name, None)) not in (None, False)
            }
        new = make(rate, **options)
        model.compile(optimizer=new, loss=model.loss, loss_weights=_weights(model))

    return change


def _weights(model: keras.Model) -> Any:
    config = model.get_compile_config() or {}
    return config.get("loss_weights")


def _weight_decay(optimizer: Any) -> float | None:
    value = getattr(optimizer, "weight_decay", None)
    return value if isinstance(value, float) else None


def _set_rate(optimizer: Any, rate: Any) -> None:
    """Sets a number or a schedule, also where the optimizer was made with the other one."""
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        optimizer._learning_rate = rate
    else:
        optimizer._learning_rate = RecordedRates([rate])
