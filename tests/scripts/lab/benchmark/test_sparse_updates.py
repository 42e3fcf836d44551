"""Tests the measurement of sparse updates: what it runs, prints and writes."""

import json
from pathlib import Path

import pytest

from lab.benchmark import sparse_session, sparse_updates
from tf_recipes.parity.tf1 import interpreter

RECORDED = Path(__file__).parents[4] / "docs" / "measured" / "sparse_updates.json"
SECONDS = {"Momentum": [0.002, 0.003, 0.001]}


def test_the_times_of_this_package_and_of_keras(tmp_path, monkeypatch, capsys):
    def absent(python):
        raise interpreter.TF1Error("There is none.")

    monkeypatch.setattr(interpreter, "check", absent)
    sparse_updates.run(100, 2, 1, 2, None, tmp_path / "times.json")
    results = json.loads((tmp_path / "times.json").read_text())
    assert results["sizes"]["batch"] == 64
    seconds = results["seconds"]
    assert {column: len(times) for column, times in seconds.items()} == {
        "tf_recipes": 9,
        "keras": 9,
        "in_one_call": 7,
    }
    for times in seconds.values():
        assert all(len(each) == 2 and min(each) > 0 for each in times.values())
    printed = capsys.readouterr().out
    assert "TensorFlow 1.15 does not run: There is none." in printed
    assert "| Adam | " in printed


def test_a_named_interpreter_without_tf1_is_an_error():
    with pytest.raises(interpreter.TF1Error):
        sparse_updates.run(100, 2, 1, 1, "/dev/null", None)


def test_tf1_has_the_same_optimizers_and_a_time_for_each(tf1_python):
    sizes = {"rows": 100, "columns": 2, "batch": 64, "steps": 1, "repeats": 1}
    times = sparse_updates._tf1(tf1_python, sizes)
    recorded = json.loads(RECORDED.read_text())["seconds"]
    assert times.keys() == recorded["tf1"].keys() == recorded["tf_recipes"].keys()
    assert all(min(each) > 0 for each in times.values())


def test_the_table():
    lines = sparse_updates.table({"seconds": {"tf1": SECONDS, "tf_recipes": SECONDS}}).splitlines()
    assert lines == [
        "| optimizer | TensorFlow 1.15, ms | tf_recipes, ms |",
        "|---|---|---|",
        "| Momentum | 2 | 2 |",
    ]


def test_the_recorded_steps_of_this_package_are_far_below_dense_ones():
    recorded = json.loads(RECORDED.read_text())
    assert recorded["sizes"]["rows"] == 200_000
    seconds = recorded["seconds"]
    sparse = [name for name in seconds["tf_recipes"] if name not in ("Adam", "AdamW")]
    assert len(sparse) == 7
    for name in sparse:
        assert min(seconds["tf_recipes"][name]) < min(seconds["tf_recipes"]["Adam"]) / 100, name
        # what is left is the time that Python takes to call a compiled function
        assert min(seconds["in_one_call"][name]) < min(seconds["tf1"][name]), name


def test_the_recorded_table_is_that_of_the_recorded_times():
    recorded = json.loads(RECORDED.read_text())
    assert recorded["table"] == sparse_updates.table(recorded)


def test_a_round_is_a_mean():
    calls = []
    assert sparse_session._round(lambda: calls.append(1), 4) > 0
    assert len(calls) == 4
