import pytest

from tf_recipes.parity.reports.html import sections

CUT = "characters left out)"


def test_the_verdict_comes_with_what_it_rests_on(make):
    built = sections.build(make.document(distributions=[make.drawn()]))
    assert (built["status"], built["state"]) == (0, "passed")
    assert built["headline"] == "Passed: every exact port does what TensorFlow 1 did"
    assert built["summary"] == "1 of 1 exact ports match."
    assert built["command"] == "python scripts/check_migration.py"
    assert built["versions"] == {"keras": "3.15.1", "python": "3.11.7"}
    assert (built["limit"], built["statistics_limit"]) == (10.0, 5.0)
    assert built["errors"] == built["differing"] == []


def test_an_entry_has_the_figures_of_each_port(make):
    (entry,) = sections.build(make.document())["entries"]
    assert (entry["name"], entry["anchor"], entry["error"]) == ("adam", "recipe-adam", "")
    exact, textbook = entry["cells"]["exact"], entry["cells"]["textbook"]
    assert (exact["verdict"], exact["ratio"], exact["ratio_key"]) == ("match", "0.5", 0.5)
    assert (exact["place"], exact["passed"]) == ("4, hidden1/weights", True)
    assert (textbook["verdict"], textbook["ratio"]) == ("differs", "2e+04")
    assert (textbook["drift"], textbook["drift_key"]) == ("1 %", 0.01)
    assert entry["provenance"] == [("tensorflow", "1.15.5"), ("neighbours", "1")]
    assert entry["command"] == "python scripts/check_migration.py --recipe=adam"
    assert entry["reference"] == "TF 1.15"
    assert entry["spec"].startswith('{"name": "adam", "hidden": [10, 8], ')
    assert entry["in_words"][0].startswith("Training loss over 4 steps.")
    assert entry["in_words"][1].startswith("Largest relative drift")


def test_the_order_is_that_of_the_results(make):
    rows = [make.row("b"), make.error("x/a.npz"), make.row("a"), make.away("a"), make.away("b")]
    built = sections.build(make.document(rows, status=2))
    assert [entry["title"] for entry in built["entries"]] == ["b", "a.npz", "a"]
    assert [list(entry["cells"]) for entry in built["entries"]] == [
        ["exact", "textbook"],
        [],
        ["exact", "textbook"],
    ]


def test_what_could_not_be_judged_is_an_entry_of_its_own(make):
    # A recipe may bear the name of another's file.
    rows = [make.row("a.npz"), make.error("a.npz", error="a.npz: torn"), make.error("b/a.npz")]
    built = sections.build(make.document(rows, status=2))
    assert [entry["error"] for entry in built["entries"]] == [
        "",
        "a.npz: torn",
        "traces/torn.npz: torn",
    ]
    anchors = [entry["anchor"] for entry in built["entries"]]
    assert anchors == ["recipe-a-npz", "recipe-a-npz-2", "recipe-a-npz-3"]
    assert [entry["name"] for entry in built["errors"]] == ["a.npz", "b/a.npz"]
    assert built["state"] == "unjudged"


def test_a_port_that_keras_refuses_is_a_cell_without_figures(make):
    rows = [make.row(), make.error("adam", "textbook", "momentum > 1")]
    (entry,) = sections.build(make.document(rows))["entries"]
    cell = entry["cells"]["textbook"]
    assert (cell["verdict"], cell["ratio"], cell["drift"]) == ("refused", "-", "-")
    assert cell["ratio_key"] is cell["drift_key"] is cell["at"] is None
    assert list(entry["rows"]) == ["exact"]


@pytest.mark.parametrize(
    ("rows", "ports"), [(["exact"], ["exact"]), (["textbook", "exact"], ["exact", "textbook"])]
)
def test_only_the_ports_that_were_judged_have_columns(make, rows, ports):
    made = make.document([make.row(port=port) for port in rows])
    assert sections.build(made)["ports"] == ports


def test_nothing_judged_has_no_columns(make):
    assert sections.build(make.document([], status=2))["ports"] == []
    assert sections.build(make.document([make.error()], status=2))["ports"] == []


def test_exact_ports_that_differ_are_named(make):
    rows = [make.row("a"), make.away("b", "exact"), make.away("c", "textbook"), make.row("c")]
    built = sections.build(make.document(rows, status=1))
    assert [entry["name"] for entry in built["differing"]] == ["b"]
    assert built["state"] == "failed"


@pytest.mark.parametrize(
    ("ratio", "x"),
    [
        (0.01, 0.0),
        (1e9, 110.0),
        (10.0, 30.0),  # three of eleven powers of ten
        (1.0, 20.0),
        (0.0, 0.0),
        (1e-30, 0.0),
        (1e17, 110.0),
        (None, 110.0),
    ],
)
def test_a_ratio_has_its_place_on_a_logarithmic_scale(ratio, x):
    assert sections.position(ratio) == x


def test_a_distribution(make):
    made = make.document(distributions=[make.drawn(), make.drawn(passed=False, ratio=None)])
    right, wrong = sections.build(made)["distributions"]
    assert (right["verdict"], right["difference"]) == ("match", "-0.060 %")
    assert right["deviations"] == "standard deviation 1.25; truncation 0"
    assert (wrong["verdict"], wrong["difference"]) == ("differs", "not finite")


def test_of_thousands_of_provenance_keys_thirty_are_shown_and_cut(make):
    many = {f"{k}{100 * '<'}": 1000 * "<" for k in range(33)}
    (entry,) = sections.build(make.document(traces=[make.trace(provenance=many)]))["entries"]
    pairs = entry["provenance"]
    assert len(pairs) == 31
    assert pairs[0] == (f"0{19 * '<'}… (81 characters left out)", f"{100 * '<'}… (900 {CUT}")
    assert pairs[-1] == ("and more, left out:", 3)


def test_a_command_is_whole_and_what_could_not_be_judged_has_one(make):
    command = f"python scripts/check_migration.py --recipe={5000 * 'x'}"
    row = {**make.error(), "command": command}
    (entry,) = sections.build(make.document([row], status=2))["entries"]
    assert entry["command"] == command
