import pytest

from lab.chapters import watch_gradients
from lab.chapters.watch_gradients import draw, measure
from tf_recipes import catalog

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


def test_what_each_monitor_takes_is_measured_against_the_rest(found):
    costs = found.runs[2:]
    assert len(costs) == 2 * 2 * 2  # models, rounds, monitors
    assert {(run["model"], run["watched_by"], run["round"]) for run in costs} == {
        (model, monitor, each)
        for model in ("keras.Model", "FastFitModel")
        for monitor in ("GradientMonitor", "SaturationMonitor")
        for each in (0, 1)
    }
    for run in costs:
        assert run["steps"] == 5 * 54
        assert run["seconds"] > 0 and run["seconds_of_the_rest"] > 0
    assert found.claims[0].text == "GradientMonitor adds less than 5% to keras.Model.fit."
    assert len(found.claims) == 4


def test_a_stopwatch_hands_everything_on_and_adds_up(monkeypatch):
    seen, clock = [], iter(range(100))
    monkeypatch.setattr(watch_gradients.time, "perf_counter", lambda: float(next(clock)))

    class Noting:
        batch_interval = 7

        def __getattr__(self, name):
            return lambda *arguments: seen.append((name, *arguments))

    watch = watch_gradients.Stopwatch(Noting())
    assert watch.batch_interval == 7
    watch.set_model("model")
    watch.on_train_begin()
    watch.on_epoch_begin(0)
    watch.on_train_batch_end(3, {"loss": 1})
    watch.on_epoch_end(0, {"loss": 2})
    assert seen == [
        ("set_model", "model"),
        ("on_train_begin", None),
        ("on_epoch_begin", 0, None),
        ("on_train_batch_end", 3, {"loss": 1}),
        ("on_epoch_end", 0, {"loss": 2}),
    ]
    assert watch.seconds == 4.0  # one tick for each hook


@pytest.mark.parametrize(("watched", "holds"), [(0.04, True), (0.06, False)])
def test_the_verdict_is_the_median_of_the_rounds(watched, holds):
    costs = [
        {
            "model": "m",
            "round": each,
            "watched_by": "GradientMonitor",
            "seconds": watched * (1 + each),
            "seconds_of_the_rest": 1.0 + each,
        }
        for each in range(3)
    ]
    costs[-1]["seconds"] *= 9  # one disturbed round does not change the verdict
    (claim,) = watch_gradients._claims(costs)
    assert claim.holds is holds


def test_the_figure(found, labelled):
    labelled(draw(found)["watch_gradients"])


def test_one_round_is_refused(fails, sample, say):
    with fails("One round has no spread.", "rounds=1"):
        measure(sample, say, RECIPE, rounds=1)
