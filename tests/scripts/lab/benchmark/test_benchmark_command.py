import json
import sys

import pytest

from lab.benchmark import benchmark_command, growth


@pytest.fixture
def options():
    def make(**changes):
        given = {
            "contestants": ["keras", "tf_recipes"],
            "nets": ["5"],
            "batch_sizes": ["50"],
            "steps": 4,
            "repeats": 5,
            "growth": False,
            "startup": False,
            "data": "sample",
            "data_dir": None,
            "tf1_python": None,
            "json_out": None,
            "plot_out": None,
        }
        return benchmark_command.Options(**{**given, **changes})

    return make


@pytest.fixture
def fakes(fake_worker, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(fake_worker()))
    monkeypatch.setattr(growth, "SAMPLES", (50, 100))


def test_every_net_at_every_batch_size(options):
    settings = options(nets=["300-100", "5"], batch_sizes=["50", "8"]).settings()
    assert [(each.hidden, each.batch) for each in settings] == [
        ((300, 100), 50),
        ((300, 100), 8),
        ((5,), 50),
        ((5,), 8),
    ]


def test_a_whole_run(options, fakes, tmp_path, capsys):
    out, plot, python = tmp_path / "out.json", tmp_path / "out.png", tmp_path / "none"
    given = options(
        contestants=["tf1", "keras", "tf_recipes", "matmul"],
        growth=True,
        startup=True,
        json_out=str(out),
        plot_out=str(plot),
        tf1_python=str(python),
    )
    assert benchmark_command.run(given) == 0
    printed = capsys.readouterr().out
    assert f"tf1 does not run: {python}: does not run TensorFlow" in printed
    for text in ("784-5-10, batch 50", "not measured", "growth", "goals", "speed over keras"):
        assert text in printed
    assert plot.exists()
    read = json.loads(out.read_text())
    assert [each["contestant"] for each in read["speed"]] == given.contestants
    assert read["speed"][1]["seconds"] == [0.5] * 5
    assert [each["contestant"] for each in read["startup"]] == ["keras", "tf_recipes"]
    assert {each["over"] for each in read["growth"]} == {"layers", "batch", "samples"}
    assert read["goals"][1] == {
        "goal": "speed over keras",
        "where": "784-5-10, batch 50",
        "wanted": "at least 3",
        "reached": 1.0,
        "low": 1.0,
        "high": 1.0,
        "met": False,
    }


def test_whoever_works_out_of_turn_is_named(options, fakes, monkeypatch, capsys):
    monkeypatch.setattr(benchmark_command, "RESTLESS", 0.01)
    benchmark_command.run(options(contestants=["keras"]))
    assert "keras was at work between its passes: 2% of a pass." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"contestants": ["nobody"]}, "`contestants` must be one of"),
        ({"contestants": []}, "--contestants is empty"),
        ({"contestants": ["keras", "keras"]}, "names one twice"),
        ({"nets": ["a"]}, "--nets takes whole numbers"),
        ({"nets": ["300--100"]}, "--nets takes whole numbers"),
        ({"batch_sizes": ["0"]}, "`batch_sizes` must be a whole number of at least 1"),
        ({"json_out": "none/out.json"}, "--json_out: 'none' is no directory"),
        ({"plot_out": "."}, "--plot_out must name a file"),
        ({"json_out": ""}, "--json_out must name a file"),
    ],
)
def test_mistakes(options, changes, says, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError) as caught:
        benchmark_command.run(options(**changes))
    assert says in str(caught.value)
