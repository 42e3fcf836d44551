import dataclasses
import json
import types

import numpy as np
import pytest

from tf_recipes.parity import references
from tf_recipes.parity.comparison import Comparison, Drift
from tf_recipes.parity.judge import Result
from tf_recipes.parity.reports import document
from tf_recipes.recipe import Recipe

NAN, INF = float("nan"), float("inf")


def compared(port, *drifts, losses=(2.0, 1.0)):
    return Comparison("momentum", port, tuple(Drift(*each) for each in drifts), np.array(losses))


def result(name="momentum", *comparisons, source="momentum.npz"):
    trace = types.SimpleNamespace(
        recipe=Recipe("momentum", optimizer={"name": "adam"}),
        source=source,
        provenance={"tensorflow": "1.15.5"},
        losses=np.array([2.0, 1.5], np.float32),
    )
    return Result(name, trace, comparisons)


EXACT = compared("exact", (1, "hidden1/weights", 2e-7, 1e-7), (5, "logits", 3.3e-7, 1e-7))
TEXTBOOK = compared("textbook", (1, "hidden1/weights", 0.25, 1e-7), (5, "logits", 1e-3, 1e-7))
ERROR = Result("some/folder/bad.npz", error="some/folder/bad.npz: spec: missing")
DRAWN = types.SimpleNamespace(
    name="he",
    port="exact",
    passed=False,
    std_ratio=1.0029,
    deviations={"std": 12.5, "max": INF},
)


def command(name):
    return f"check {name}"


def test_the_results_are_one_dict():
    built = document.build([result("momentum", EXACT, TEXTBOOK)], command=command)
    exact, textbook = built["results"]
    versions, traces = built.pop("versions"), built.pop("traces")
    assert built == {
        "passed": True,
        "exit_status": 0,
        "summary": "1 of 1 exact ports match TF1 started one ulp away; the worst ratio is 3.3, "
        "the limit 10.",
        "command": "check None",
        "limit": 10.0,
        "results": [exact, textbook],
        "distributions": [],
    }
    assert list(versions) == ["keras", "tensorflow", "numpy", "tf_recipes", "python"]
    assert versions["numpy"] == np.__version__
    assert exact == {
        "name": "momentum",
        "port": "exact",
        "passed": True,
        "worst_ratio": pytest.approx(3.3),
        "worst_at": {"step": 5, "variable": "logits"},
        "drift": 3.3e-7,
        "sensitivity": 1e-7,
        "first_failure": None,
        "curve": [{"step": 1, "drift": 2e-7, "sensitivity": 1e-7}],
        "losses": [2.0, 1.0],
    }
    assert textbook == {
        "name": "momentum",
        "port": "textbook",
        "passed": False,
        "worst_ratio": pytest.approx(2.5e6),
        "worst_at": {"step": 1, "variable": "hidden1/weights"},
        "drift": 0.25,
        "sensitivity": 1e-7,
        "first_failure": {
            "step": 1,
            "variable": "hidden1/weights",
            "drift": 0.25,
            "ratio": pytest.approx(2.5e6),
        },
        "curve": [{"step": 1, "drift": 0.25, "sensitivity": 1e-7}],
        "losses": [2.0, 1.0],
    }
    (trace,) = traces
    assert trace.pop("spec") == Recipe("momentum", optimizer={"name": "adam"}).to_spec()
    assert trace == {
        "name": "momentum",
        "recipe": "momentum",
        "source": "momentum.npz",
        "why": "epsilon 1e-7, not 1e-8",
        "note": "",
        "command": "check momentum",
        "provenance": {"tensorflow": "1.15.5"},
        "losses": [2.0, 1.5],
    }


def test_the_drift_is_the_largest_wherever_the_ratio_is_worst():
    drifts = [(1, "a", 0.25, 1e-7), (5, "b", 0.5, 1e-3)]
    (row,) = document.build([result("momentum", compared("exact", *drifts))])["results"]
    assert row["worst_at"] == {"step": 1, "variable": "a"}
    assert (row["drift"], row["sensitivity"]) == (0.5, 1e-7)


def test_where_two_traces_bear_a_name_the_command_names_the_file():
    sources = ["x/one.npz", "x/two.NPZ"]
    both = [result(f"momentum ({s})", EXACT, source=s) for s in sources]
    traces = document.build([*both, ERROR], command=command)["traces"]
    assert [trace["command"] for trace in traces] == ["check one", "check two"]
    only = result("momentum (x/one.npz)", EXACT, source="x/one.npz")
    assert document.build([only], command=command)["traces"][0]["command"] == "check momentum"
    live = [result("momentum (momentum (compat))", EXACT, source="momentum (compat)")] * 2
    traces = document.build(live, command=command)["traces"]
    assert [trace["command"] for trace in traces] == ["check momentum"] * 2


def test_what_could_not_be_judged_has_its_command_too():
    live = Result("best.practice", error="TF1 refuses it")
    rows = document.build([ERROR, live], command=command)["results"]
    assert [row["command"] for row in rows] == ["check bad", "check best.practice"]


@pytest.mark.parametrize(
    ("ports", "port"), [(["textbook"], "textbook"), (["textbook", "exact"], "exact")]
)
def test_what_could_not_be_judged_is_a_row_of_a_port_that_was_asked_for(ports, port):
    built = document.build([ERROR], ports=ports)
    assert [row["port"] for row in built["results"]] == [port]


def test_without_a_command_there_is_none():
    built = document.build([result("momentum", EXACT)])
    assert built["command"] is built["traces"][0]["command"] is None


def test_a_curve_has_the_largest_drift_of_each_step():
    drifts = [(1, "a", 1e-7, 1e-6), (1, "b", 3e-7, 1e-6), (5, "a", NAN, 2e-6), (5, "b", 1, 2e-6)]
    (row,) = document.build([result("momentum", compared("exact", *drifts))])["results"]
    assert row["curve"] == [
        {"step": 1, "drift": 3e-7, "sensitivity": 1e-6},
        {"step": 5, "drift": None, "sensitivity": 2e-6},
    ]


@pytest.mark.parametrize("value", [NAN, INF])
def test_there_is_null_for_what_is_no_number(value):
    wrong = compared("exact", (1, "a", value, 1e-7), losses=(2.0, value))
    built = document.build([result("momentum", wrong)], [DRAWN])
    assert (built["passed"], built["exit_status"]) == (False, 1)
    row = built["results"][0]
    assert row["worst_ratio"] is row["drift"] is None
    assert row["sensitivity"] == 1e-7
    assert row["first_failure"] == {"step": 1, "variable": "a", "drift": None, "ratio": None}
    assert row["curve"] == [{"step": 1, "drift": None, "sensitivity": 1e-7}]
    assert row["losses"] == [2.0, None]
    assert built["distributions"] == [
        {
            "name": "he",
            "port": "exact",
            "passed": False,
            "ratio": 1.0029,
            "standard_errors": {"std": 12.5, "max": None},
        }
    ]
    json.dumps(built, allow_nan=False)


def test_what_could_not_be_judged_is_there_as_a_failure():
    built = document.build([result("momentum", EXACT), ERROR])
    assert (built["passed"], built["exit_status"]) == (False, 2)
    row = built["results"][1]
    assert row.pop("error") == "some/folder/bad.npz: spec: missing"
    assert row.pop("command") is None
    assert row.keys() == built["results"][0].keys()
    assert (row["name"], row["port"]) == ("some/folder/bad.npz", "exact")
    assert row["passed"] is False
    assert {row[key] for key in row.keys() - {"name", "port", "passed"}} == {None}
    assert [trace["name"] for trace in built["traces"]] == ["momentum"]


def test_a_port_that_keras_refuses_is_there_and_the_check_may_pass():
    refused = dataclasses.replace(result("momentum", EXACT), failed={"textbook": "momentum > 1"})
    built = document.build([refused])
    assert (built["passed"], built["exit_status"]) == (True, 0)
    row = built["results"][1]
    assert (row["name"], row["port"], row["error"]) == ("momentum", "textbook", "momentum > 1")
    assert row["passed"] is False
    assert built["traces"][0]["why"] == "Keras refuses it: momentum > 1"


def test_nothing_judged_has_not_passed():
    built = document.build([])
    assert (built["passed"], built["exit_status"]) == (False, 2)
    assert built["results"] == built["traces"] == built["distributions"] == []


def test_what_ships_with_the_package_is_called_by_its_name():
    shipped = result("a", EXACT, source=str(references.RECORDED / "adam.npz"))
    own = result("b", EXACT, source="/some/adam.npz")
    traces = document.build([shipped, own])["traces"]
    assert [trace["source"] for trace in traces] == ["adam.npz", "/some/adam.npz"]


def test_traces_come_with_the_rows_of_their_ports():
    refused = dataclasses.replace(result("b", EXACT), failed={"textbook": "no"})
    named = dataclasses.replace(refused, comparisons=(dataclasses.replace(EXACT, name="b"),))
    built = document.build([ERROR, result("a", EXACT, TEXTBOOK), named])
    (first, rows), (second, exact_rows) = document.traces(built)
    assert (first["name"], second["name"]) == ("a", "b")
    assert [(port, row["name"], row["port"]) for port, row in rows.items()] == [
        ("exact", "a", "exact"),
        ("textbook", "a", "textbook"),
    ]
    assert list(exact_rows) == ["exact"]


def test_the_file_holds_the_results_and_a_list_of_numbers_one_line(tmp_path):
    path = tmp_path / "out.json"
    built = document.build([result("momentum", EXACT, TEXTBOOK), ERROR], [DRAWN], command)
    document.write(path, built)
    text = path.read_text()
    assert json.loads(text) == built
    assert '"losses": [ 2.0, 1.0 ]' in text


def test_it_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    document.write(path, {"passed": True})
    assert json.loads(path.read_text()) == {"passed": True}

    def full(self, text):
        self.write_bytes(text[:3].encode())
        raise OSError(28, "No space left")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(type(path), "write_text", full)
        document.write(path, {"passed": False})
    with pytest.raises(ValueError, match="not JSON compliant"):
        document.write(path, {"passed": NAN})
    assert json.loads(path.read_text()) == {"passed": True}
    assert list(tmp_path.iterdir()) == [path]
