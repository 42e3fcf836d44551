import json

import pytest

from lab.benchmark import measurements
from lab.benchmark.growth import Series
from lab.benchmark.measure import Timing


@pytest.fixture
def found():
    ours = Timing("tf_recipes", 100, [0.1, 0.2], 3.0, {"imported": 1, "peak": 2})
    speed = {
        ("784-5-10", batch): {
            "tf_recipes": ours,
            "keras": Timing("keras", 100, [0.4, 0.8]),
            "tf1": Timing("tf1", 0, failed="no Python 3.7"),
        }
        for batch in (50, 512)
    }
    growth = [Series("batch", "keras", "step", [10, 20], [[0.1], [0.2]])]
    startup = {"tf_recipes": [5.0], "keras": [4.0]}
    return measurements.Results({"steps": 100}, speed, growth, startup, {"tf1": "no Python 3.7"})


def test_goals_are_for_batch_50_and_128_and_the_start(found):
    judged = [(each.goal, each.where, each.reached) for each in found.judged()]
    assert judged == [
        ("speed over tf1", "784-5-10, batch 50", None),
        ("speed over keras", "784-5-10, batch 50", pytest.approx(4)),
        ("time to the first step over keras", "one batch", 1.25),
    ]


def test_the_file_has_every_sample_and_where_it_ran(found, tmp_path):
    measurements.write(tmp_path / "out.json", found)
    read = json.loads((tmp_path / "out.json").read_text())
    assert read["machine"]["cpu"]
    assert read["machine"]["cpu_count"] >= 1
    assert read["settings"] == {"steps": 100}
    assert read["missing"] == {"tf1": "no Python 3.7"}
    ours, keras, tf1 = read["speed"][:3]
    assert (ours["net"], ours["batch"], ours["seconds"]) == ("784-5-10", 50, [0.1, 0.2])
    assert ours["steps_per_second"] == {"median": 750, "min": 500, "max": 1000, "iqr": 250}
    assert ours["memory_bytes"] == {"imported": 1, "peak": 2}
    assert keras["contestant"] == "keras"
    assert tf1["failed"] == "no Python 3.7"
    assert "steps_per_second" not in tf1
    assert read["growth"][0]["fitted"]["exponent"] == pytest.approx(1)
    assert read["startup"][0]["seconds"] == [5.0]
    assert read["goals"][1]["met"] is True
