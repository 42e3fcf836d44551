"""Finds why a port leaves TF1: tries what is known to differ, one substitution at a time."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from tf_recipes.graph.facts import Facts
from tf_recipes.verify import differences
from tf_recipes.verify.bench.keras_model import Place
from tf_recipes.verify.bench.result import Result
from tf_recipes.verify.bench.substitution import (
    FORWARD,
    MAP,
    TRAINING,
    Case,
    Substitution,
    each_once,
)
from tf_recipes.verify.bench.variable_map import Map
from tf_recipes.verify.report_document import number

MOST = 3  # mistakes of one port that are looked for, one after the other
USEFUL = 0.2  # a substitution that leaves more than this share of the ratio is none of several


@dataclasses.dataclass(frozen=True)
class _Tried:
    substitution: Substitution
    result: Result


def find(
    result: Result,
    copy: Callable[[], tuple[keras.Model, Map]],
    remap: Callable[[keras.Model], Map],
    judge: Callable[..., Result],
    line: Callable[[str], Place | None],
) -> tuple[list[dict[str, Any]], Result | None]:
    """Returns the substitutions that remove the difference, and the mended copy, judged.

    The most specific substitution comes first. The copy is None where it does not predict as TF1.
    Where no single one removes it, the one that helps most is kept, and the search goes on with it.

    Args:
        result: the judged port.
        copy: returns a fresh copy of the port, and its map.
        remap: returns the map of another model.
        judge: judges a model.
        line: returns where the port makes a layer or the optimizer.
    """
    kept: list[Substitution] = []
    reasons: list[dict[str, Any]] = []
    starts: list[int] = []  # the first reason of each substitution that is kept
    before = result
    for _ in range(MOST):
        starts.append(len(reasons))
        stage = stage_of(before)
        tried = list(_tried(before, stage, kept, copy, remap, judge))
        removing = [each for each in tried if _removes(stage, each.result)]
        if removing:
            pages: set[str] = set()
            for each in removing:
                # of several activations that fit these rows, the usual one comes first
                if stage != FORWARD or each.substitution.page not in pages:
                    reasons.append(_reason(each, before, line))
                pages.add(each.substitution.page)
            best = removing[0]
            if _agrees(best.result):
                return reasons, best.result
        else:
            helping = [each for each in tried if each.result.worst < USEFUL * before.worst]
            if not helping or stage == MAP:
                break
            best = min(helping, key=lambda each: each.result.worst)
            reasons.append(_reason(best, before, line))
        kept.append(best.substitution)
        before = best.result
        if stage_of(before) == FORWARD:
            before = judge(before.model, before.found)
    # a number that was fitted to one step, and fits no other, is no reason, nor what rests on it
    fits = [k for k, each in enumerate(kept) if each.fitted]
    if fits:
        reasons = reasons[: starts[fits[0]]]
    return reasons, before if before.predicts else None


def stage_of(result: Result) -> str:
    """Returns where a port fails first: the map, the forward pass or the training."""
    if not result.found.complete:
        return MAP
    return TRAINING if result.predicts else FORWARD


def _agrees(result: Result) -> bool:
    """Returns whether a copy matches, or is as near to TF1 as TF1 is to itself after a jump."""
    training = result.training
    return result.passed or (result.agrees and training is not None and training.jump is not None)


def _removes(stage: str, result: Result) -> bool:
    if _agrees(result):
        return True
    if stage == MAP:
        return result.found.complete and result.predicts
    return stage == FORWARD and result.predicts


def _tried(
    before: Result,
    stage: str,
    kept: list[Substitution],
    copy: Callable[[], tuple[keras.Model, Map]],
    remap: Callable[[keras.Model], Map],
    judge: Callable[..., Result],
) -> Iterator[_Tried]:
    """Yields each substitution that could be made, with the judged model."""
    case = Case(stage, before, facts_of(before))
    for substitution in each_once(_all(case)):
        try:
            model, found = copy()
            for each in sorted((*kept, substitution), key=lambda each: not each.remakes):
                other = each.change(model, found)
                if other is not None:
                    model, found = other, remap(other)
            with np.errstate(all="ignore"):
                yield _Tried(substitution, judge(model, found, with_layers=False))
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception:  # a change may not fit this model, and then explains nothing
            continue


def facts_of(result: Result) -> Facts:
    """Returns the facts of a result's graph; those of training where it was run."""
    bench = result.bench
    run = None
    if result.training is not None:
        run = bench.steps([each.tensor for each in result.outputs]).run
    reference = bench.reference
    return Facts(reference.session, run, bench.feeds.step(0), reference.initial)


def _all(case: Case) -> Iterator[Substitution]:
    for found in pkgutil.iter_modules(differences.__path__):
        module = importlib.import_module(f"{differences.__name__}.{found.name}")
        yield from module.substitutions(case)


def _reason(tried: _Tried, before: Result, line: Callable[[str], Place | None]) -> dict[str, Any]:
    substitution = tried.substitution
    place = line(substitution.layer) if substitution.layer else None
    after = tried.result
    stage = stage_of(before)
    if stage == FORWARD and after.predicts:
        ratio = max((each.judged.worst for each in after.outputs), default=0.0)
    else:
        ratio = after.worst
    return {
        "name": substitution.name,
        "text": substitution.text,
        "code": substitution.code,
        "layer": substitution.layer,
        "file": place[0] if place else None,
        "line": place[1] if place else None,
        "ratio_before": number(before.worst),
        "ratio_after": number(ratio),
        "page": substitution.page,
    }
