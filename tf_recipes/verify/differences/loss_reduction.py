"""Tries other reductions of the loss: a sum for a mean, a factor, weights of several outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from tf_recipes.verify.bench.substitution import TRAINING, Case, Substitution

_NONZERO = "sum_by_nonzero_weights"
# Keras' reduction, or TF1's -> the number that divides the sum of the weighted losses, and its name
_DIVISORS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "sum_over_batch_size": (keras.ops.size, "the number of the rows"),
    "mean_with_sample_weight": (keras.ops.sum, "the sum of the samples' weights"),
    _NONZERO: (
        keras.ops.count_nonzero,
        "the number of the weights that are not 0, as tf.losses does by default",
    ),
    "sum": (lambda weights: 1.0, "1: TF1 adds the losses of the rows"),
}


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields the factor between the two losses of the first step, where a reduction explains it."""
    training = case.result.training
    if case.stage != TRAINING or training is None or not np.isfinite(training.losses[0]):
        return
    bench = case.result.bench
    steps = bench.steps([each.tensor for each in case.result.outputs])
    rows = len(bench.feeds.rows[0])
    sizes = [
        int(np.prod(np.shape(bench.values[t.tensor.partition("|")[0]])[1:]))
        for t in case.result.outputs
    ]
    size = max(sizes, default=1)
    penalty = _penalty(case)
    factor = (float(steps.run.losses[0]) - penalty) / (float(training.losses[0]) - penalty)
    if bench.reference.arguments.weight is not None and abs(factor - 1) > 1e-4:
        weighted = _by_weights(case, factor)
        if weighted is not None:
            yield weighted
            return
    known = {
        rows: 'reduction="sum": TF1 adds the losses of the rows, and the port takes their mean',
        1 / rows: "a mean: TF1 takes the mean of the rows' losses, and the port their sum",
        size: f"the sum over the {size} numbers of a row: the port takes their mean",
        1 / size: f"the mean over the {size} numbers of a row: the port takes their sum",
        rows * size: 'reduction="sum": TF1 adds all numbers, and the port takes their mean',
        1 / (rows * size): "a mean over all numbers: the port takes their sum",
        0.5: "one half: tf.nn.l2_loss is sum(x**2) / 2",
        2.0: "twice the loss",
        rows * size / 2: "tf.nn.l2_loss: sum(x**2) / 2, and the port takes the mean of x**2",
        size / 2: "sum(x**2) / 2 over a row, and the port takes the mean of x**2",
    }
    for value, text in known.items():
        if value != 1 and abs(factor / value - 1) < 1e-4:
            code = 'reduction="sum"' if value in (rows, rows * size) else f"{value:g} * loss"
            yield Substitution(
                "loss_reduction",
                f"multiply the loss by {value:g}, which is {text}",
                code,
                _scaled(float(value)),
            )
            return
    if abs(factor - 1) > 1e-4 and len(case.result.outputs) == 1 and factor > 0:
        yield Substitution(
            "loss_weights",
            f"multiply the loss by {factor:.6g}, the factor between the losses of the first step",
            f"loss_weights={factor:.6g}",
            _scaled(factor),
            fitted=True,
        )
    if len(case.result.outputs) > 1:
        yield from _weights(case)


def _by_weights(case: Case, factor: float) -> Substitution | None:
    """Returns the divisor of weighted losses that explains the factor of the first step."""
    bench = case.result.bench
    weights = np.asarray(bench.feeds.step(0)[str(bench.reference.arguments.weight)], np.float64)
    now = getattr(case.model.loss, "reduction", "sum_over_batch_size")
    if now not in _DIVISORS:
        return None
    had = float(np.asarray(_DIVISORS[now][0](weights)))
    for name, (divisor, text) in _DIVISORS.items():
        if name == now or abs(factor * float(np.asarray(divisor(weights))) / had - 1) > 1e-4:
            continue
        code = f'reduction="{name}"'
        if name == _NONZERO:
            code = 'reduction="sum"; in compute_loss / keras.ops.count_nonzero(sample_weight)'
        return Substitution(
            "loss_reduction", f"divide the loss by {text}", code, _divided(now, name)
        )
    return None


def _divided(now: str, wanted: str) -> Any:
    """Returns a change that divides the losses by another number than the reduction of now."""

    def factor(weights: Any) -> Any:
        ours, theirs = (_DIVISORS[each][0](weights) for each in (now, wanted))
        return keras.ops.cast(ours, "float32") / keras.ops.cast(theirs, "float32")

    return _scaled(factor)


def _penalty(case: Case) -> float:
    """Returns the sum of the port's penalties at the start."""
    case.result.found.assign(case.result.bench.reference.initial)
    return float(sum(float(np.asarray(each)) for each in case.model.losses))


def _scaled(factor: float | Callable[[Any], Any]) -> Any:
    """Returns a change that multiplies the loss by a number, or by one of the samples' weights."""

    def change(model: keras.Model, _: Any) -> None:
        compute = model.compute_loss

        def scaled(
            x: Any = None,
            y: Any = None,
            y_pred: Any = None,
            sample_weight: Any = None,
            **named: Any,
        ) -> Any:
            penalties = sum(model.losses) if model.losses else 0.0
            by = factor(sample_weight) if callable(factor) else factor
            loss = compute(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **named)
            return (loss - penalties) * by + penalties

        object.__setattr__(model, "compute_loss", scaled)

    return change


def _weights(case: Case) -> Iterator[Substitution]:
    """Yields the weights of the outputs' losses that explain TF1's loss on several batches."""
    bench, model = case.result.bench, case.model
    reference = bench.reference
    case.result.found.assign(reference.initial)
    rows, wanted = [], []
    for k in range(min(8, len(bench.feeds.rows))):
        feeds = bench.feeds.step(k)
        reference.session.assign(reference.initial)
        loss = float(np.sum(reference.session.run(case.structure.loss, feeds)))
        x = bench.x(model, feeds)
        model.reset_metrics()
        logs = model.test_on_batch(
            x, reference.arguments.y(model, feeds, model(x, training=False)), return_dict=True
        )
        names = [name for name in logs if name.endswith("_loss")]
        rows.append([float(np.asarray(logs[name])) for name in names])
        wanted.append(loss)
    if not rows or len(rows[0]) < 2 or len(rows) < len(rows[0]):
        return
    weights, *_ = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)
    if np.abs(np.array(rows) @ weights - wanted).max() > 1e-4 * np.abs(wanted).max():
        return
    found: Any = [float(f"{weight:.4g}") for weight in weights]
    keys = [name.removesuffix("_loss") for name in names]
    if isinstance(model.loss, Mapping) and set(keys) == set(model.loss):
        found = dict(zip(keys, found, strict=True))

    def change(changed: keras.Model, _: Any) -> None:
        changed.compile(optimizer=changed.optimizer, loss=changed.loss, loss_weights=found)

    yield Substitution(
        "loss_weights",
        f"give the losses of the outputs the weights {found}",
        f"loss_weights={found}",
        change,
    )
