"""Tries the graph's penalties: TF1's L2 has the factor one half, and a port may have lost one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from tf_recipes.blocks.regularization import l1_l2_regularizer
from tf_recipes.verify.bench.substitution import TRAINING, Case, Substitution, rounded
from tf_recipes.verify.bench.variable_map import Map


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields the penalties of the graph for all variables at once, also without decoupled decay."""
    if case.stage != TRAINING:
        return
    penalties = case.facts.penalties
    now = [each for each in case.model.trainable_variables if each.regularizer is not None]
    if not penalties and not now:
        return
    if penalties:
        scales = next(iter(penalties.values()))
        l1, l2 = rounded(scales.get("l1", 0.0)), rounded(scales.get("l2", 0.0))
        code = _code(l1, l2)
        shares = _shares(case, penalties)
        if shares and all(abs(share - 1) < 1e-3 for share in shares.values()):
            return
        without = sorted(name for name, share in shares.items() if share == 0)
        if without:
            listed = ", ".join(without[:4])
            name, text = "missing_regularizer", f"add the penalty `{code}` to {listed}"
        else:
            name = "l2_half" if l2 else "regularizer"
            text = f"replace the penalties by `{code}`: TF1's L2 is scale * sum(w**2) / 2"
    else:
        name, code = "regularizer", "kernel_regularizer=None"
        text = "leave out the penalties: TF1's loss has none"
    yield Substitution(name, text, code, _setting(case, penalties, False))
    if getattr(case.model.optimizer, "weight_decay", None):
        yield Substitution(
            "decay_order",
            f"{text}, and leave out weight_decay, which Keras takes from the weights themselves",
            code,
            _setting(case, penalties, True),
            "optimizer",
        )


def _shares(case: Case, penalties: Any) -> dict[str, float]:
    """Returns how large each penalty of the port is, as a share of TF1's."""
    values, joined = case.result.bench.reference.initial, case.result.found.keras_of()
    shares = {}
    for name, scales in penalties.items():
        if name not in joined:
            continue
        w = values[name].astype("f8")
        wanted = scales.get("l1", 0.0) * np.abs(w).sum() + scales.get("l2", 0.0) * (w**2).sum() / 2
        regularizer = joined[name].regularizer
        found = 0.0
        if regularizer is not None:
            found = float(keras.ops.convert_to_numpy(regularizer(keras.ops.array(values[name]))))
        shares[name] = found / wanted if wanted else 1.0
    return shares


def _code(l1: float, l2: float) -> str:
    if l1 and l2:
        return f"kernel_regularizer=tf_recipes.l1_l2_regularizer({l1}, {l2})"
    if l2:
        return f"kernel_regularizer=tf_recipes.l2_regularizer({l2})"
    return f"kernel_regularizer=tf_recipes.l1_regularizer({l1})"


def _setting(case: Case, penalties: Any, without_decay: bool) -> Any:
    def change(model: keras.Model, found: Map) -> None:
        joined = found.keras_of()
        theirs = {id(joined[name]): scales for name, scales in penalties.items() if name in joined}
        for variable in model.trainable_variables:
            scales = theirs.get(id(variable))
            variable.regularizer = (
                l1_l2_regularizer(float(scales.get("l1", 0.0)), float(scales.get("l2", 0.0)))
                if scales
                else None
            )
        if without_decay:
            model.optimizer.weight_decay = None

    return change
