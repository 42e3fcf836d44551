"""Tests the measurement of the scanner's speed: what it scans, prints and writes."""

import json
from pathlib import Path

from lab.benchmark import scan_speed

RECORDED = Path(__file__).parents[4] / "docs" / "measured" / "scan_speed.json"


def test_the_programs_of_the_repository_are_scanned(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(scan_speed, "PACKAGES", {"lab": "its scripts", "no_such_package": ""})
    scan_speed.run(1, 2, 1, None, tmp_path / "speed.json")
    results = json.loads((tmp_path / "speed.json").read_text())
    dense, clean = results["corpora"]
    assert dense["name"] == scan_speed.DENSE and clean["name"] == "its scripts"
    assert dense["findings"] > 1000 and dense["lines"] > 6000 and clean["findings"] < 10
    assert all(each["processor_seconds"][0] > 0 for each in results["corpora"])
    assert results["table"] in capsys.readouterr().out


def test_the_table_has_the_fastest_round():
    row = {"name": "Keras", "lines": 2_000, "findings": 0, "seconds": [0.5, 0.25, 1.0]}
    row["processor_seconds"] = [1.0, 0.5, 2.0]
    (line,) = scan_speed.table({"corpora": [row]}).splitlines()[2:]
    assert line == "| Keras | 2,000 | 0 | 4,000 | 8,000 |"


def test_the_recorded_speed_is_that_of_two_processes_on_several_kinds_of_code():
    recorded = json.loads(RECORDED.read_text())
    assert recorded["workers"] == 2 and recorded["table"] == scan_speed.table(recorded)
    assert {scan_speed.DENSE, "Keras"} <= {each["name"] for each in recorded["corpora"]}
