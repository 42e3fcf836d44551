import math

import pytest

from tf_recipes.verify.reports import report_rows


def test_losses_come_first_and_have_their_own_steps(make):
    made = make.match()
    made["training"]["losses"] = {key: [1.0] * 10 for key in ("tf1", "keras", "ratio")}
    loss, *variables = report_rows.curves(made)
    assert (loss.name, loss.kind, loss.steps) == ("losses", "loss", tuple(range(1, 11)))
    assert [each.name for each in variables] == [
        "dense/kernel",
        "dense/kernel/Momentum",
        "dense/bias",
    ]
    assert variables[0].steps == (1, 5, 10)
    made["training"]["losses"]["ratio"] = [0.5, 1, 2]  # judged where the variables were
    assert report_rows.curves(made)[0].steps == (1, 5, 10)
    made["training"]["losses"] = {key: [] for key in ("tf1", "keras", "ratio")}
    assert len(report_rows.curves(made)) == 3
    assert report_rows.curves(make.forward_only()) == []


def test_a_loss_passes_up_to_the_limit(make):
    made = make.match()
    for ratio, passed in ((10.0, True), (10.5, False), ("nan", False), ("inf", False)):
        made["training"]["losses"]["ratio"][1] = ratio
        assert report_rows.curves(made)[0].passed is passed


def test_the_worst_and_the_first_outside(make):
    made = make.differs()
    *_, wrong = report_rows.curves(made)
    assert wrong.name == "bn/moving_variance"
    assert (wrong.worst, wrong.leaves(10.0)) == (2, 5)
    assert wrong.ratios == (2.0, 4e3, math.inf)
    made["training"]["variables"][-1]["ratio"] = ["nan", 5, 1]
    *_, wrong = report_rows.curves(made)
    assert (wrong.worst, wrong.leaves(10.0)) == (0, 1)


def test_what_differs_is_kept_and_the_order_stays():
    keys = [
        report_rows.urgency(passed, ratio)
        for passed, ratio in (
            (True, 3.0),
            (None, math.nan),
            (False, 11.0),
            (True, 5.0),
            (False, math.nan),
            (True, math.inf),
        )
    ]
    assert report_rows.kept(keys, 1) == [4]
    assert report_rows.kept(keys, 2) == [2, 4]
    assert report_rows.kept(keys, 4) == [2, 3, 4, 5]
    assert report_rows.kept(keys, 9) == [0, 1, 2, 3, 4, 5]
    first = report_rows.urgency(False, 10.1, is_first=True)
    assert report_rows.kept([*keys, first], 1) == [6]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("no code", [("no code", False)]),
        ("`a` and `b`", [("a", True), (" and ", False), ("b", True)]),
        ("an odd ` sign", [("an odd ` sign", False)]),
        ("", []),
    ],
)
def test_code_between_backticks(text, parts):
    assert report_rows.code_parts(text) == parts
