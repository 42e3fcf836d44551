import json

import pytest

from lab.documentation import speed_tables, tables

SPREAD = {"median": 200.0, "min": 100.0, "max": 250.0, "iqr": 1.0}
MACHINE = {"cpu": "a processor", "cpus_usable": 2, "load_before": 0.25}
SETTINGS = {"nets": ["20"], "repeats": 2, "growth": False, "startup": True, "json_out": None}


def row(contestant, seconds, rate, batch=50):
    return {
        "net": "784-20-10",
        "batch": batch,
        "contestant": contestant,
        "seconds": seconds,
        "steps_per_second": {**SPREAD, "median": rate},
        "memory_bytes": {"peak": 3 * 2**20, "imported": 2**20},
        "failed": None,
    }


BENCHMARK = {
    "machine": MACHINE,
    "settings": SETTINGS,
    "speed": [
        row("tf_recipes", [0.5, 0.25], 200.0),
        row("tf_recipes_kernels", [1.0, 1.0], 100.0),
        {**row("keras", [], 1.0), "failed": "no Keras"},
    ],
    "growth": [
        {
            "over": "layers",
            "contestant": "keras",
            "unit": "step",
            "sizes": [1, 2],
            "seconds": [[0.001], [0.002]],
            "fitted": {"exponent": 1.0},
        }
    ],
    "startup": [{"contestant": "keras", "seconds": [3.0], **SPREAD, "median": 3.0}],
    "goals": [
        {
            "goal": "speed over keras",
            "where": "here",
            "wanted": "at least 3",
            "reached": 2.5,
            "low": 2.0,
            "high": 3.5,
            "met": False,
        },
        {"goal": "speed over tf1", "where": "here", "wanted": "at least 2.4", "reached": None},
    ],
}
SCALING = {
    "load_before": 1.5,
    "cost": {"fixed": 1e-4, "update": 6e-10, "compute": 2e-11, "message": 1e-3, "byte": 9e-10},
    "measured": [
        {
            "workers": workers,
            "parameters": 1000,
            "rows": 64,
            "seconds": 0.002 * workers,
            "sent": 8000.0 * (workers - 1),
            "relative_error_of_the_model": error,
        }
        for workers, error in ((1, 0.1), (2, -0.1))
    ],
    "pays_above": [{"parameters": 1000, "network": "1 Gbit/s", "rows": {"2": 2781.4, "4": None}}],
}
TRAINING = {
    "load_before": 0.5,
    "command": ["--data=tfds", "--data_dir=DIR"],
    "recipes": [
        {"recipe": "adam", "epochs": 5, "test_accuracy": 0.98, "seconds": 3.04},
        {"recipe": "wild", "epochs": 5, "test_accuracy": None, "seconds": None},
    ],
}


@pytest.fixture(autouse=True)
def docs(tmp_path, monkeypatch):
    (tmp_path / "measured").mkdir()
    for name, content in (
        (speed_tables.PROCESSOR, BENCHMARK),
        (speed_tables.SCALING, SCALING),
        (speed_tables.TRAINING, TRAINING),
    ):
        (tmp_path / name).write_text(json.dumps(content))
    monkeypatch.setattr(speed_tables, "DOCS", tmp_path)
    speed_tables._read.cache_clear()
    yield
    speed_tables._read.cache_clear()


def made(name):
    return speed_tables.TABLES[name]().splitlines()


def test_the_tables_of_the_benchmark():
    speed = made("benchmark processor speed")
    assert speed[0] == "| steps per second | batch 50 |"
    assert speed[2] == "| `tf_recipes` | 200 (100 to 250) |" and speed[4].endswith("| - |")
    assert made("benchmark processor xla")[2].endswith("| 2.00 (2.00 to 4.00) |")
    goals = made("benchmark processor goals")
    assert goals[2].endswith("| 2.50 (2.00 to 3.50) | **missed** |")
    assert goals[3].endswith("| not measured | - |")
    assert made("benchmark processor growth")[2].endswith("| step: 1: 1, 2: 2 | 1.00 |")
    assert made("benchmark processor memory")[2] == "| `tf_recipes` | 3 | 2 |"
    assert made("benchmark processor startup")[2].endswith("| 3.00 | 100.00 | 250.00 |")
    (line,) = made("benchmark processor machine")
    assert "benchmark.py --nets=20 --repeats=2 --nogrowth --startup`: medians of 2, " in line
    assert line.endswith("a processor, 2 cores; busy threads in the minute before: 0.2")


def test_the_tables_of_scaling():
    times = made("scaling times")
    assert times[0].endswith("| 1 worker, ms | 2 workers, ms | MB sent, 2 workers |")
    assert times[2] == "| 1,000 | 64 | 2.00 | 4.00 | 0.01 |"
    assert made("scaling cost")[2].startswith("| fixed | 0.10 ms |")
    assert "| 10%, -10% to +10% |" in made("scaling cost")[-1]
    assert made("scaling pays")[2] == "| 1,000 | 1 Gbit/s | 2,781 | never |"
    assert made("scaling load") == ["1.5"]


def test_the_table_of_training():
    assert made("training reached")[2:] == ["| adam | 5 | 98.00% | 3.0 |", "| wild | 5 | - | - |"]
    (line,) = made("training command")
    assert "train_all.py --data=tfds --data_dir=DIR --json_out=docs/" in line


def test_what_nobody_has_measured_is_named():
    for name in speed_tables.TABLES:
        if " gpu " in name or " torch " in name:
            assert "not measured: docs/measured/" in made(name)[0]
    assert speed_tables.TABLES.keys() <= tables._TABLES.keys()
