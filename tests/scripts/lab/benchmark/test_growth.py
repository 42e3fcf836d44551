import sys

import pytest

from lab.benchmark import growth
from lab.benchmark.growth import Series


def test_the_plan():
    plan = list(growth.plan(steps=100))
    sizes = {
        over: [size for each, _, size, _ in plan if each == over]
        for over in ("layers", "batch", "samples")
    }
    assert sizes == {
        "layers": [1, 2, 4, 8],
        "batch": [10, 50, 128, 512, 1024],
        "samples": [6_000, 12_000, 24_000, 54_000],
    }
    nets = [setting.net for over, _, _, setting in plan if over == "layers"]
    assert nets[:2] == ["784-100-10", "784-100-100-10"]
    assert [s.batch * s.steps for over, _, _, s in plan if over == "samples"] == sizes["samples"]


def test_the_fit_is_of_the_medians():
    series = Series("batch", "keras", "step", [10, 20], [[1.0, 2.0, 9.0], [4.0, 4.0, 4.0]])
    assert series.medians() == [2.0, 4.0]
    assert series.fitted()["exponent"] == pytest.approx(1)
    assert series.fitted()["slope"] == pytest.approx(0.2)
    assert Series("batch", "keras", "step", [10], [[1.0]]).fitted() is None


def test_a_run(fake_worker, small, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(fake_worker()))
    monkeypatch.setattr(growth, "BATCHES", (10, 20))
    said = []
    found = growth.run(["keras", "tf1"], lambda setting: small(), 100, 5, said.append)
    assert [(each.over, each.contestant, each.unit) for each in found] == [
        ("layers", "keras", "step"),
        ("batch", "keras", "step"),
        ("samples", "keras", "epoch"),
    ]
    assert found[1].sizes == [10, 20]
    assert found[1].seconds[0] == [0.5 / 12] * 5  # a pass has 12 steps
    assert found[2].seconds[0] == [0.5] * 5
    assert "growth with batch: 20 done" in said


def test_without_contestants_there_is_nothing_to_do():
    assert growth.run(["tf1"], None, 100, 5, print) == []
