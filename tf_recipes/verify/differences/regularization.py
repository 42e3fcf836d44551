"""Tries the graph's penalties: TF1's L2 has the factor one half, and a port may have lost one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
        shares, surplus = _shares(case, penalties), _surplus(case, penalties)
        wrong = [name for name, share in shares.items() if not abs(share - 1) < 1e-3]
        if shares and not wrong and not surplus:
            return
        joined = case.result.found.keras_of()
        codes = {
            name: f"{_argument(joined.get(name))}={_code(penalties[name])}"
            for name in wrong or penalties
        }
        code = _of_one_layer(codes.values())
        if surplus and not wrong:
            name = "regularizer"
            code = _of_one_layer(f"{_argument(joined[each])}=None" for each in surplus)
            text = f"leave out the penalties of {_listed(surplus)}: TF1's loss has none there"
        elif without := sorted(name for name in wrong if shares[name] == 0):
            name, code = "missing_regularizer", _of_one_layer(codes[each] for each in without)
            text = f"add the penalty `{code}` to {_listed(without)}"
        else:
            name = "l2_half" if "l2" in code else "regularizer"
            text = f"replace the penalties by `{code}`: TF1's L2 is scale * sum(w**2) / 2"
            if len(set(codes.values())) > 1:
                text += "; " + "; ".join(f"`{each}` for {n}" for n, each in list(codes.items())[:4])
    else:
        name, code = "regularizer", _of_one_layer(f"{_argument(v)}=None" for v in now)
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
            found = _penalty(regularizer, values[name])
        shares[name] = found / wanted if wanted else 1.0
    return shares


def _surplus(case: Case, penalties: Any) -> list[str]:
    """Returns TF1's names of variables on which the port alone has a penalty."""
    values = case.result.bench.reference.initial
    return [
        name
        for name, variable in case.result.found.keras_of().items()
        if variable.regularizer is not None
        and name not in penalties
        and _penalty(variable.regularizer, values[name])
    ]


def _penalty(regularizer: Any, value: Any) -> float:
    """Returns the penalty of a variable with a value."""
    return float(keras.ops.convert_to_numpy(regularizer(keras.ops.array(value))))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _argument(variable: keras.Variable | None) -> str:
    """Returns the argument of a layer that gives a variable its penalty."""
    leaf = variable.path.rpartition("/")[2] if variable is not None else "kernel"
    part = leaf.removesuffix("_kernel") if leaf.endswith("_kernel") else leaf
    known = ("kernel", "bias", "embeddings", "gamma", "beta", "depthwise", "pointwise", "recurrent")
    return f"{part}_regularizer" if part in known else "regularizer"


def _of_one_layer(codes: Iterable[str]) -> str:
    """Returns the code with the first value of each argument: no argument may come twice."""
    first: dict[str, str] = {}
    for code in codes:
        first.setdefault(code.partition("=")[0], code)
    return ", ".join(first.values())


def _code(scales: Mapping[str, float]) -> str:
    l1, l2 = rounded(scales.get("l1", 0.0)), rounded(scales.get("l2", 0.0))
    if l1 and l2:
        return f"tf_recipes.l1_l2_regularizer({l1}, {l2})"
    if l2:
        return f"tf_recipes.l2_regularizer({l2})"
    return f"tf_recipes.l1_regularizer({l1})"


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
