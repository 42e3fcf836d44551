import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser

import pytest

from tf_recipes.parity.reports import html, plots
from tf_recipes.parity.reports.html import page, templates

VOID = {"meta", "link", "wbr", "br", "img"}
BLOCKS = {"dd", "dt", "h3", "p", "td", "th"}


class Elements(HTMLParser):
    """Parses a page into elements `[tag, attributes, text]`, and lists the unclosed elements."""

    def __init__(self, text):
        super().__init__()
        self.all, self.open, self.starts, self.data = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.all.append([tag, dict(attributes), ""])
        if tag not in VOID:
            self.open.append(self.all[-1])
            self.starts.append(len(self.data))

    def handle_startendtag(self, tag, attributes):
        self.all.append([tag, dict(attributes), ""])

    def handle_endtag(self, tag):
        ended = self.open.pop()
        assert ended[0] == tag
        ended[2] = "".join(self.data[self.starts.pop() :])
        if tag in BLOCKS:
            self.handle_data(" ")

    def handle_data(self, data):
        self.data.append(data)  # added to each open element, two megabytes take ten seconds

    def named(self, *tags):
        return [each for each in self.all if each[0] in tags]

    def texts(self, *tags):
        return [" ".join(text.split()) for _, _, text in self.named(*tags)]


@pytest.fixture
def render(rendered):
    """`render(document)` returns the elements of its page."""

    return lambda document: parse(rendered(document))


def parse(text):
    """Returns the elements of a page in which every element is closed."""
    found = Elements(text)
    assert found.open == []
    return found


@pytest.fixture
def drawn(make, monkeypatch):
    """Makes every figure a copy of one, and lists the draws: drawing takes seconds, text does not.

    A test that changes `page` renders by itself, because `rendered` keeps the page of the results.
    """
    draws = []
    pair = page.Figures().draw(make.trace(), {"exact": make.row(), "textbook": make.away()}, "a")
    monkeypatch.setattr(page.Figures, "draw", lambda *arguments: draws.append(None) or pair)
    return draws


def test_the_verdict_is_at_the_top(render, make):
    found = render(make.document())
    assert found.texts("title") == ["Passed: every exact port does what TensorFlow 1 did"]
    header = found.texts("header")[0]
    assert "Passed: every exact port does what TensorFlow 1 did" in header
    assert "1 of 1 exact ports match." in header
    assert "Exit status 0: every exact port matches." in header


def test_the_verdict_names_what_failed_and_what_could_not_be_judged(render, make):
    rows = [make.row("a"), make.away("b", "exact"), make.error()]
    header = render(make.document(rows, status=2)).texts("header")[0]
    assert "Could not be judged: 1 of 3 traces" in header
    assert "Exact ports that differ: b" in header
    assert "Not judged: torn.npz" in header
    assert "Exit status 2: something could not be judged." in header


def test_a_hundred_errors_do_not_bury_the_verdict(render, make):
    rows = [make.error(f"{k}.npz") for k in range(100)]
    header = render(make.document(rows, status=2)).texts("header")[0]
    assert "18.npz, 19.npz and 80 more" in header
    assert "20.npz" not in header


def test_a_row_holds_the_figures(render, make):
    found = render(make.document())
    row = [cell for tag, _, cell in found.named("th", "td") if tag]
    head, cells = row[:9], [" ".join(cell.split()) for cell in row[9:18]]
    assert head == [
        "recipe",
        "exact",
        "exact ratio",
        "at step, variable",
        "textbook",
        "textbook ratio",
        "textbook drift",
        "ratios, 0.01 to 1e+09",
        "why they differ",
    ]
    assert cells == [
        "adam",
        "✓ match",
        "0.5",
        "4, hidden1/weights",
        "differs",
        "2e+04",
        "1 %",
        "",
        "epsilon 1e-7, not 1e-8",
    ]


def test_a_row_carries_the_exact_numbers_it_is_sorted_by(render, make):
    rows = [make.row(), make.away(ratio=None, drift=None), make.error()]
    found = render(make.document(rows, status=2))
    keys = [each[1]["data-key"] for each in found.all if "data-key" in each[1]]
    assert keys == ["adam", "0.5", "", "", "torn.npz", "", "", ""]


def test_the_marks_of_the_small_figure_stand_at_the_ratios(render, make):
    table = {"viewbox": "-6 0 122 16", "class": "track"}
    found = render(make.document())
    (track,) = [k for k, (_, at, _) in enumerate(found.all) if table.items() <= at.items()]
    edge, textbook, exact = (at for _, at, _ in found.all[track + 2 : track + 5])
    # Ten units for each power of ten above 0.01; the square is eight wide.
    assert edge["d"] == "M30.0 1V15"
    assert (textbook["class"], textbook["x"], textbook["width"]) == ("textbook", "59.0", "8")
    assert (exact["class"], exact["cx"]) == ("exact", "17.0")


def test_only_the_ports_that_were_judged_have_columns(render, make):
    found = render(make.document([make.row()]))
    heads = [text for _, at, text in found.named("th") if at["scope"] == "col"]
    assert heads == [
        "recipe",
        "exact",
        "exact ratio",
        "at step, variable",
        "ratios, 0.01 to 1e+09",
        "why they differ",
    ]


def test_a_section_says_how_to_reproduce_it(render, make):
    note = "adam: the trace's provenance names no TensorFlow 1.15."
    trace = make.trace(note=note, source="/some/adam.npz")
    section = render(make.document(traces=[trace])).texts("section")[-1]
    for part in (
        "exact ✓ match Never leaves TF1's band. Its worst ratio is 0.5",
        "textbook differs First leaves TF1's band by step 1, in outputs/biases: drift 0.01 %",
        "How to reproduce this result In a clone of tf_recipes: "
        "python scripts/check_migration.py --recipe=adam",
        "why they differ epsilon 1e-7, not 1e-8",
        f"note {note}",
        "recorded with tensorflow 1.15.5, neighbours 1",
        "replayed with keras 3.15.1, python 3.11.7",
        "trace /some/adam.npz",
        'recipe {"name": "adam", "hidden": [10, 8], "dtype": "float32", "steps": 4}',
    ):
        assert part in section


def test_a_section_says_why_a_trace_could_not_be_judged(render, make):
    section = render(make.document([make.error()], status=2)).texts("section")[-1]
    assert "? not judged traces/torn.npz: torn" in section
    assert "trace traces/torn.npz" in section


def test_a_trace_that_could_not_be_judged_has_its_command(render, make):
    row = {**make.error(), "command": "python scripts/check_migration.py --recipe=torn"}
    section = render(make.document([row], status=2)).texts("section")[-1]
    assert "In a clone of tf_recipes: python scripts/check_migration.py --recipe=torn" in section


def test_a_long_command_is_whole_and_an_invisible_one_is_seen(render, make):
    commands = [f"check --recipe={9000 * 'x'}", "check \u202e<b>"]
    traces = [make.trace(name, command=each) for name, each in zip("ab", commands, strict=True)]
    found = render(make.document([make.row("a"), make.row("b")], traces=traces))
    assert found.texts("pre")[1:] == [commands[0], r"check \u202e<b>"]


def test_the_captions_name_what_the_trace_was_recorded_on(render, make):
    live = make.trace(provenance={"tensorflow": "2.21.0"})
    found = render(make.document(traces=[live]))
    assert found.texts("figcaption")[1].startswith("Drift from TF1's graph in TensorFlow 2.21.0,")
    captions = render(make.document()).texts("figcaption")
    assert captions[1] == "Drift from TF 1.15, against TF1's own band"


def test_without_a_command_none_is_invented(render, make):
    found = render(make.document(command=None, traces=[make.trace(command=None)]))
    assert found.named("pre") == []


def test_nothing_judged_is_said(render, make):
    found = render(make.document([], status=2))
    assert "No trace was judged." in found.texts("main")[0]
    assert found.named("table") == []


def test_the_table_of_what_is_drawn(render, make):
    errors = {"standard deviation": 13.1, "truncation": None}
    wrong = make.drawn(port="textbook", passed=False, ratio=0.99657, standard_errors=errors)
    rows = render(make.document(distributions=[make.drawn(), wrong])).texts("tr")
    assert rows[-2:] == [
        "he initialiser exact ✓ match -0.060 % standard deviation 1.25; truncation 0",
        "he initialiser textbook differs -0.343 % standard deviation 13.1; truncation not TF1's",
    ]


def test_the_page_has_landmarks_headings_in_order_and_named_tables(render, make):
    made = make.document([make.row(), make.error()], status=2, distributions=[make.drawn()])
    found = render(made)
    assert found.named("html")[0][1]["lang"] == "en"
    for landmark in ("header", "nav", "main", "footer"):
        assert len(found.named(landmark)) == 1
    levels = [int(tag[1]) for tag, _, _ in found.named("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert levels.count(1) == 1
    assert len(found.named("caption")) == len(found.named("table")) == 2
    assert {each[1]["scope"] for each in found.named("th")} == {"col", "row"}
    assert all(each[1].get("aria-label") or "aria-hidden" in each[1] for each in found.named("svg"))
    scrolling = [each[1] for each in found.all if each[1].get("class") == "scroll"]
    assert all(at["tabindex"] == "0" and at["role"] == "region" for at in scrolling)
    assert all(at["tabindex"] == "0" for _, at, _ in found.named("pre"))


def test_ids_are_unique_and_every_link_and_label_leads_to_one(render, evil_document):
    found = render(evil_document)
    ids = [each[1]["id"] for each in found.all if "id" in each[1]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[\w-]+", each, re.ASCII) for each in ids)
    links = [each[1]["href"] for each in found.named("a")]
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    labels = [each[1]["aria-labelledby"] for each in found.all if "aria-labelledby" in each[1]]
    assert set(labels) <= set(ids)


def test_nothing_is_fetched_and_only_our_own_code_may_run(make):
    text = html.render(make.document(distributions=[make.drawn()]))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)

    def digest(code):
        return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; "
        f"script-src 'sha256-{digest(script)}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    addresses = re.findall(r'\b(?:src|href)="([^"#][^"]*)"', text)
    assert [address[:19] for address in addresses] == ["data:image/svg+xml,"]
    assert not re.search(r"url\((?!#)|@import|@font-face", text)
    assert not re.search(r"\bstyle=|\bon\w+=", text)


def test_the_colours_in_print_are_the_figures_light_ones():
    light = dict(re.findall(r"--(\w+):(#\w+)", plots.THEME.partition("@media")[0]))
    style = templates.own("style.css")
    printed = dict(re.findall(r"--(\w+):(#\w+)", style.partition("@media print")[2]))
    assert light.keys() == {"ink", "paper", "grid", "exact", "textbook"}
    assert light.items() <= printed.items()


def test_somebody_elses_text_is_only_ever_text(render, rendered, evil_document, evil):
    found = render(evil_document)
    tags = {each[0] for each in found.all}
    assert not tags & {"img", "iframe", "object", "embed", "base", "form"}
    assert len(found.named("script")) == len(found.named("style")) == 1
    assert not [name for each in found.all for name in each[1] if name.startswith("on")]
    shown = found.texts("body")[0]
    for text in evil[:7]:
        assert f"note {text}" in shown
    assert r"note txt\u202egnp.exe" in shown
    assert r"note \x00\x1b[31m\udc80" in shown
    assert "note " + "x" * 4000 + "… (5000 characters left out)" in shown
    assert not re.search("[\u202e\x00\x1b\udc80]", rendered(evil_document))


def many(make, count):
    rows, traces = [], []
    for k in range(count):
        name = f"recipe_{k:03}"
        rows += [make.row(name), make.away(name)]
        traces.append(make.trace(name))
    return make.document(rows, traces=traces)


def test_beyond_its_budget_the_page_says_in_words_what_figures_would_show(make, monkeypatch):
    made = many(make, 12)
    made["results"][-2] = make.away("recipe_011", "exact")
    monkeypatch.setattr(page, "LARGEST", 100_000)
    text = html.render(made)
    found = parse(text)
    figures = len(found.named("figure"))
    assert 0 < figures < 24
    assert len(text.encode()) < 105_000  # the figures' styles come on top
    left = 12 - figures // 2
    note = f"To keep this file below 2 MB, {left} of 12 recipes have sentences in place of their"
    assert note in found.texts("main")[0]
    sections = [text for tag, at, text in found.named("section") if at.get("class") == "recipe"]
    worded = ["Training loss over 4 steps. TF 1.15: 2.3 at first" in each for each in sections]
    assert sum(worded) == left
    assert not worded[11]  # what failed is drawn first


def test_with_all_figures_there_is_no_such_note(render, make):
    found = render(many(make, 2))
    assert len(found.named("figure")) == 4
    assert "To keep this file" not in found.texts("main")[0]


def test_three_hundred_traces_fit(make, drawn):
    losses = [2.0 + (k % 7) / 10 for k in range(100)]
    made = many(make, 300)
    made["results"] = [{**row, "losses": losses} for row in made["results"]]
    made["traces"] = [
        {**trace, "losses": losses, "spec": {f"key{k}": None for k in range(20)}}
        for trace in made["traces"]
    ]
    assert 1_700_000 < len(html.render(made).encode()) < 2_000_000
    assert 40 < len(drawn) < 300


def test_a_thousand_traces_fit_and_those_that_failed_have_their_section(make, drawn):
    made = many(make, 1000)
    made["traces"] = [{**trace, "note": 2000 * "x"} for trace in made["traces"]]
    made["results"][-2] = make.away("recipe_999", "exact")
    text = html.render(made)
    assert len(text.encode()) < 2_000_000
    found = parse(text)
    told = {at["id"] for tag, at, _ in found.named("section") if at.get("class") == "recipe"}
    assert 100 < len(told) < 900 and "recipe-recipe-999" in told
    left = 1000 - len(told)
    assert f"{left} of 1000 traces have their row above and no section" in found.texts("main")[0]
    linked = {at["href"] for _, at, _ in found.named("a") if at["href"].startswith("#recipe-")}
    assert linked == {f"#{anchor}" for anchor in told}
    assert len(found.named("tr")) == 1001


def test_what_failed_may_bring_as_much_as_it_likes(make, drawn):
    provenance = {f"{k}{4000 * '<'}": 4000 * "<" for k in range(20)}
    names = [f"recipe_{k:02}" for k in range(20)]
    rows = [make.away(name, "exact") for name in names]
    traces = [make.trace(name, provenance=provenance, note=9000 * "'") for name in names]
    made = make.document(rows, status=1, traces=traces)
    text = html.render(made)
    assert len(text.encode()) < 2_000_000
    found = parse(text)
    assert len([at for _, at, _ in found.named("section") if at.get("class") == "recipe"]) == 20


def test_a_section_that_does_not_fit_ends_no_other(make):
    rows = [make.away("big", "exact"), make.row("a"), make.row("b")]
    big = make.trace("big", command=2_000_000 * "x")
    made = make.document(rows, status=1, traces=[big, make.trace("a"), make.trace("b")])
    text = html.render(made)
    found = parse(text)
    told = [at["id"] for _, at, _ in found.named("section") if at.get("class") == "recipe"]
    assert told == ["recipe-a", "recipe-b"]
    assert "1 of 3 traces have their row above and no section" in found.texts("main")[0]
    assert len(text.encode()) < 2_000_000


def test_rows_that_do_not_fit_are_counted(make, drawn, monkeypatch):
    monkeypatch.setattr(page, "LARGEST", 100_000)
    made = many(make, 300)
    made["results"][-2] = make.away("recipe_299", "exact")
    text = html.render(made)
    found = parse(text)
    rows = len(found.named("tr")) - 1
    assert 30 < rows < 250
    assert f"{300 - rows} traces have neither a row nor a section" in found.texts("main")[0]
    assert "recipe_299" in found.texts("table")[0]  # what failed has its row
    assert len(text.encode()) < 105_000


def test_a_figure_that_cannot_be_drawn_ends_no_other(make, monkeypatch):
    draw = page.Figures.draw

    def broken(self, trace, *arguments):
        if trace["name"] == "recipe_000":
            raise OverflowError
        return draw(self, trace, *arguments)

    monkeypatch.setattr(page.Figures, "draw", broken)
    found = parse(html.render(many(make, 3)))
    assert len(found.named("figure")) == 4
    assert "1 of 3 recipes could not be drawn" in found.texts("main")[0]
    assert "To keep this file" not in found.texts("main")[0]
    sections = [text for _, at, text in found.named("section") if at.get("class") == "recipe"]
    assert "Training loss over 4 steps." in sections[0]


def test_the_same_results_give_the_same_bytes(make):
    made = make.document(distributions=[make.drawn()])
    text = html.render(made)
    assert text == html.render(made)  # drawn twice
    assert not re.search(r"20\d\d-\d\d-\d\d", text)


def test_a_document_read_back_from_its_json_gives_the_same_page(make, rendered, evil_document):
    for made in (make.document(distributions=[make.drawn()]), evil_document):
        assert html.render(json.loads(json.dumps(made))) == rendered(made)


def test_the_file_is_written_whole_or_not_at_all(make, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    html.write(path, make.document())
    first = path.read_bytes()
    assert first.decode() == html.render(make.document())

    def full(self, text, **options):
        self.write_bytes(text[:3].encode())
        raise OSError(28, "No space left")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(type(path), "write_text", full)
        html.write(path, make.document([], status=2))
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_said_in_utf_8_is_still_written(make, tmp_path):
    html.write(tmp_path / "report.html", make.document(traces=[make.trace(note="\udc80")]))
    assert r"\udc80" in (tmp_path / "report.html").read_text(encoding="utf-8")
