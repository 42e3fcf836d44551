import pytest

from tf_recipes import catalog
from tf_recipes.experiments import watch_gradients
from tf_recipes.experiments.watch_gradients import draw, measure

RECIPE = catalog.get("batch_norm").replace(hidden=[12, 8])


@pytest.fixture(scope="module")
def found(sample, say):
    return measure(sample, say, RECIPE, epochs=2, interval=54, rounds=2)


def test_both_monitors_looked_at_the_training(found):
    gradients, units = found.runs[:2]
    assert [gradients["monitor"], units["monitor"]] == ["GradientMonitor", "SaturationMonitor"]
    steps = [record["step"] for record in gradients["records"]]
    assert steps == [0, 54, 108, 162, 216]  # 5,400 images in batches of 50
    assert gradients["history"]["gradient_step"] == [108, 216]
    assert units["records"][0]["hidden1_activation/asleep"] == 0
    assert gradients["history"]["loss"][1] < gradients["history"]["loss"][0]


def test_the_table_has_the_last_look(found):
    rows = {row["layer"]: row for row in found.summary if "layer" in row}
    last = found.runs[0]["records"][-1]
    assert rows["hidden2"]["gradient_norm"] == last["hidden2/gradient_norm"] > 0
    assert rows["hidden2_activation"]["gradient_norm"] == ""


def test_the_cost_is_measured_in_turns(found):
    costs = found.runs[2:]
    assert len(costs) == 2 * 2 * 3  # models, rounds, kinds
    first, second = ([r["watched_by"] for r in costs if r["round"] == each][:3] for each in (0, 1))
    assert first == ["nothing", "GradientMonitor", "both monitors"]
    assert second == ["GradientMonitor", "both monitors", "nothing"]
    assert [claim.text for claim in found.claims] == [
        "GradientMonitor adds less than 5% to keras.Model.fit.",
        "GradientMonitor adds less than 5% to FastFitModel.fit.",
    ]


@pytest.mark.parametrize(("watched", "holds"), [(1.04, True), (1.06, False)])
def test_the_verdict_is_the_median_of_the_rounds(watched, holds):
    costs = [
        {"model": "m", "round": each, "watched_by": kind, "seconds": seconds * (1 + each)}
        for each in range(3)
        for kind, seconds in (("nothing", 1.0), ("GradientMonitor", watched))
    ]
    costs[-1]["seconds"] *= 9  # a disturbed round does not decide
    (claim,) = watch_gradients._claims(costs)
    assert claim.holds is holds


def test_the_figure(found, labelled):
    labelled(draw(found)["watch_gradients"])


def test_one_round_is_refused(fails, sample, say):
    with fails("One round has no spread.", "rounds=1"):
        measure(sample, say, RECIPE, rounds=1)
