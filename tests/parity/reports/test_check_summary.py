import types

import numpy as np
import pytest

from tf_recipes.parity.comparison import Comparison, Drift
from tf_recipes.parity.judge import Result
from tf_recipes.parity.reports.check_summary import summary
from tf_recipes.recipe import Recipe

NAN = float("nan")


def compared(port, *drifts):
    return Comparison("momentum", port, tuple(Drift(*each) for each in drifts), np.ones(1))


def result(name, *comparisons):
    trace = types.SimpleNamespace(recipe=Recipe("momentum", optimizer={"name": "adam"}))
    return Result(name, trace, comparisons)


EXACT = compared("exact", (1, "hidden1/weights", 2e-7, 1e-7), (5, "logits", 3.3e-7, 1e-7))
TEXTBOOK = compared("textbook", (1, "hidden1/weights", 0.25, 1e-7), (5, "logits", 1e-3, 1e-7))
ERROR = Result("some/folder/bad.npz", error="some/folder/bad.npz: spec: missing")
DRAWN = types.SimpleNamespace(name="he", port="exact", passed=False)


def test_the_summary_counts():
    results = [result("a", EXACT, TEXTBOOK), result("b", TEXTBOOK), ERROR]
    assert summary(results, []) == (
        "1 of 1 exact ports match TF1 started one ulp away; the worst ratio is 3.3, the limit 10; "
        "1 could not be judged."
    )
    assert summary([], [DRAWN]) == (
        "0 of 0 exact ports match TF1 started one ulp away; 0 of 1 distributions match."
    )


@pytest.mark.parametrize("order", [1, -1])
def test_the_summary_does_not_lose_a_nan(order):
    results = [result("a", EXACT), result("b", compared("exact", (1, "a", NAN, 1e-7)))][::order]
    assert "1 of 2 exact ports" in summary(results, [])
    assert "the worst ratio is nan" in summary(results, [])
