import base64
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser

import pytest

from tf_recipes.verify.reports import html_page

VOID = {"meta", "link", "wbr", "br", "img"}
BLOCKS = {"dd", "dt", "h3", "li", "p", "pre", "td", "th", "tr", "span"}


class Elements(HTMLParser):
    """Parses a page into elements `[tag, attributes, text]`, and lists the unclosed elements."""

    def __init__(self, text):
        super().__init__()
        self.all, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.all.append([tag, dict(attributes), ""])
        if tag not in VOID:
            self.open.append(self.all[-1])

    def handle_startendtag(self, tag, attributes):
        self.all.append([tag, dict(attributes), ""])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag
        if tag in BLOCKS:
            self.handle_data(" ")

    def handle_data(self, data):
        for each in self.open:
            each[2] += data

    def named(self, *tags):
        return [each for each in self.all if each[0] in tags]

    def texts(self, *tags):
        return [" ".join(text.split()) for _, _, text in self.named(*tags)]

    def section(self, name):
        (text,) = [text for _, at, text in self.named("section") if at["aria-labelledby"] == name]
        return " ".join(text.split())


@pytest.fixture(scope="session")
def rendered():
    """`rendered(results)` returns `html(results)`, drawn once for the same results."""
    pages = {}

    def page(results):
        key = json.dumps(results)
        if key not in pages:
            pages[key] = html_page.html(results)
        return pages[key]

    return page


@pytest.fixture
def parsed(rendered):
    """`parsed(results)` returns the elements of a page in which every element is closed."""

    def parse(results):
        found = Elements(rendered(results))
        assert found.open == []
        return found

    return parse


@pytest.fixture
def undrawn(monkeypatch):
    """Leaves out the figures, which take most of the time, where a test looks at text alone."""
    monkeypatch.setattr(html_page, "_figures", lambda *arguments: [])


def test_the_verdict_is_at_the_top(parsed, make):
    found = parsed(make.match())
    assert found.texts("title") == ["The port does what TF1 did"]
    (header,) = found.texts("header")
    assert "port.py:build matches TF1 in 3 of 3 variables." in header
    assert "Exit status 0: match." in header
    assert "First failure" not in header
    assert "What to change" not in found.texts("h2")


def test_the_first_failure_leads_to_its_row(parsed, make):
    found = parsed(make.differs())
    (header,) = found.texts("header")
    assert "First failure: bn/moving_variance leaves TF1 by step 5." in header
    assert (
        "At training step 5, in bn/moving_variance: drift 0.04 %, 4e+03 times TF1's own" in header
    )
    assert "Exit status 1: differs." in header
    target = found.named("a")[1][1]["href"]
    (row,) = [text for _, at, text in found.named("tr") if f"#{at.get('id')}" == target]
    assert "batch_normalization/moving_variance" in row


def test_what_to_change_has_the_code_the_line_and_the_page(parsed, make):
    found = parsed(make.differs())
    said = found.section("change")
    for part in (
        "replace keras.layers.BatchNormalization(…) by tf_recipes.BatchNormalization(…)",
        "worst ratio 9.1e+05 → 0.8",
        "where port.py, line 12, layer batch_normalization",
        "difference batch_norm_variance",
        "read more docs/recipes/batch_norm.md",
    ):
        assert part in said
    assert found.named("pre")[0][2] == "tf_recipes.BatchNormalization(\n    momentum=0.99,\n)"
    codes = found.texts("code")
    assert codes[:2] == ["keras.layers.BatchNormalization(…)", "tf_recipes.BatchNormalization(…)"]


def test_a_change_that_is_not_enough_is_not_green(rendered, make):
    page = rendered(make.forward_only(reasons=[make.reason(ratio_after=10.5), make.reason()]))
    assert page.count('<span class="from">10.5</span>') == 1
    assert page.count('<span class="to">0.8</span>') == 1


def test_a_map_with_holes_is_a_failure_without_figures(parsed, make):
    found = parsed(make.unpaired())
    (header,) = found.texts("header")
    assert "In the map of variables, in old/weights Exit" in header
    said = found.section("training")
    assert said.endswith("No training step was run, because variables have no counterpart.")


def test_without_a_reason_the_first_failure_is_where_to_begin(parsed, make):
    said = parsed(make.forward_only(reasons=[])).section("change")
    assert "None of the known differences that were tried removes this drift." in said
    assert said.endswith("Begin with the first failure, pool.")


def test_the_layers_in_order_with_the_first_that_differs_marked(parsed, make):
    found = parsed(make.forward_only())
    rows = [" ".join(text.split()) for text in found.texts("tr")]
    assert rows[1:6] == [
        "dense Dense dense/Relu:0 ✓ match 0.5 5e-06 %",
        "pool first difference Dense dense/Relu:0 differs 3e+06 30 %",
        "out Dense dense/Relu:0 differs 1e+06 10 %",
        "output TF1's tensor verdict ratio drift ratio, 0.01 to 1e+09",
        "dense_1 logits:0 differs 1e+06 10 %",
    ]
    assert found.section("training").endswith("because the forward pass differs already.")
    assert "relu Dense - ? not compared - - -" in parsed(make.match()).section("forward")


def test_a_row_and_a_curve_for_each_variable_slot_and_the_losses(parsed, make):
    found = parsed(make.differs())
    said = found.section("training")
    for part in (
        "First to leave TF1: bn/moving_variance by step 5.",
        "losses loss ✓ match 1 10 - - 10",
        "dense/kernel variable ✓ match 0.8 10 8e-06 % - 10",
        "dense/kernel/Momentum SGD/dense_kernel_momentum slot ✓ match 2.5 10 2.5e-05 % - 10",
        "dense/bias judged by the outputs variable ✓ match 0.8 10 8e-06 % - 10",
        "bn/moving_variance batch_normalization/moving_variance moving average differs "
        "not finite 10 not finite 5 10",
        "After the last step",
        "dense_1 logits:0 ✓ match 1.25 1.2e-05 %",
    ):
        assert part in said
    labels = [at["aria-label"] for _, at, _ in found.named("svg") if at.get("class") == "curve"]
    assert len(labels) == 5
    assert labels[1] == "Ratio 0.4 at step 1, 0.8 at step 10."
    assert labels[4].endswith("not finite at step 10; above the limit of 10 by step 5.")
    captions = found.texts("figcaption")
    assert captions == ["Ratio over the training steps", "Training loss"]


def test_what_leaves_tf1_first_is_named_first(make, undrawn):
    made = make.differs()
    for k in range(9):
        later = [1, 1 if k < 8 else 50, 50]
        made["training"]["variables"].append(make.variable(f"v{k}", later, False))
    said = Elements(html_page.html(made)).section("training")
    assert "First to leave TF1: bn/moving_variance by step 5, v8 by step 5, v0 by step 10" in said
    assert "v5 by step 10 and 2 more." in said


def test_the_rows_carry_the_exact_numbers_they_are_sorted_by(parsed, make):
    found = parsed(make.differs())
    cells = [at for _, at, _ in found.named("td") if at.get("data-label") == "worst ratio"]
    assert [cell["data-key"] for cell in cells] == ["1.0", "0.8", "2.5", "0.8", ""]


def test_the_map_and_what_is_left_over(parsed, make):
    made = make.differs()
    made["map"].append(make.pair("w", None, how=None))
    made["map"].append(make.pair("t", "kernel", how="order and values", transposed=True))
    said = parsed(made).section("map")
    for part in (
        "TF1 variables without a counterpart old/weights (2, 2)",
        "Keras variables without a counterpart new/bias ()",
        "dense/kernel (4, 3) dense/kernel name momentum: dense/kernel/Momentum → "
        "SGD/dense_kernel_momentum",
        "w (4, 3) ? not paired - -",
        "t (4, 3) kernel transposed order and values -",
        "What a map may hold for these old/weights -> transpose:new/bias",
    ):
        assert part in said
    assert "without a counterpart" not in parsed(make.match()).section("map")


def test_what_was_not_compared_has_its_reason(parsed, make):
    said = parsed(make.differs()).section("not-compared")
    assert said.endswith("global_step Keras counts steps elsewhere.")
    assert parsed(make.match()).section("not-compared").endswith("Nothing was left out.")


def test_what_was_not_judged_has_its_error(parsed, make):
    found = parsed(make.refused())
    (header,) = found.texts("header")
    assert "The checkpoint needs a .meta. Received: none. Save it." in header
    assert "Exit status 2: not judged." in header
    assert found.texts("h2") == [
        "Map of variables",
        "What was not compared",
        "How to read this page",
    ]


def test_the_settings_are_said(parsed, make):
    said = parsed(make.match()).section("reading")
    for part in (
        "TF1 checkpoint run/model.ckpt on TensorFlow 2.21.0; training step train_op, loss loss:0",
        "Keras port.py:build: model port, 3 layers, 15 parameters",
        "TF1's inputs x:0 TF1's labels y:0 TF1's outputs logits:0",
        "settings 10 steps, batch size 8, seed 0, 8 starts one ulp away",
    ):
        assert part in said


def test_the_limit_is_that_of_the_results(rendered, make):
    made = make.differs()
    made["settings"]["limit"] = 100.0
    page = rendered(made)
    assert "Every ratio is at most 100." in page
    assert 'd="M40.0 1V15"' in page and 'd="M30.0 1V15"' not in page


def test_the_page_has_landmarks_headings_in_order_and_named_tables(parsed, make):
    found = parsed(make.differs())
    assert found.named("html")[0][1]["lang"] == "en"
    for landmark in ("header", "nav", "main", "footer"):
        assert len(found.named(landmark)) == 1
    levels = [int(tag[1]) for tag, _, _ in found.named("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert len(found.named("caption")) == len(found.named("table")) == 5
    assert {each[1]["scope"] for each in found.named("th")} == {"col", "row"}
    assert all(each[1].get("aria-label") or "aria-hidden" in each[1] for each in found.named("svg"))
    scrolling = [each[1] for each in found.all if each[1].get("class") == "scroll"]
    assert all(at["tabindex"] == "0" and at["role"] == "region" for at in scrolling)
    assert all(at["tabindex"] == "0" for _, at, _ in found.named("pre"))


def test_ids_are_unique_and_every_link_and_label_leads_to_one(parsed, evil_results):
    found = parsed(evil_results)
    ids = [each[1]["id"] for each in found.all if "id" in each[1]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[\w-]+", each, re.ASCII) for each in ids)
    links = [each[1]["href"] for each in found.named("a")]
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    labels = [each[1]["aria-labelledby"] for each in found.all if "aria-labelledby" in each[1]]
    assert set(labels) <= set(ids)


def test_nothing_is_fetched_and_only_our_own_code_may_run(rendered, make):
    text = rendered(make.differs())
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


def test_somebody_elses_text_is_only_ever_text(parsed, rendered, evil_results, evil):
    found = parsed(evil_results)
    tags = {each[0] for each in found.all}
    assert not tags & {"img", "iframe", "object", "embed", "base", "form"}
    assert len(found.named("script")) == len(found.named("style")) == 1
    assert not [name for each in found.all for name in each[1] if name.startswith("on")]
    for place in ("change", "forward", "training", "map", "not-compared"):
        said = found.section(place)
        for text in evil[:7]:
            assert text in said, place
        assert r"txt\u202egnp.exe\u2066" in said
        assert r"\x00\x1b[31m\udc80" in said
    assert "… (8600 characters left out)" in found.section("map")
    assert not re.search("[\u202e\u2066\x00\x1b\udc80]", rendered(evil_results))
    codes = [text for _, _, text in found.named("pre")]
    assert "x" * 9000 in codes  # code is never cut
    rendered(evil_results).encode()


def test_of_many_rows_those_that_differ_are_kept(make, undrawn):
    made = make.differs()
    more = [make.variable(f"v{k}/kernel", (1, 2, 300 + k), False) for k in range(700)]
    made["training"]["variables"] += more
    made["first_failure"]["name"] = "v0/kernel"
    made["map"] = [make.pair(f"v{k}/kernel") for k in range(501)]
    text = html_page.html(made)
    found = Elements(text)
    said = found.section("training")
    assert "205 more rows have no room here. The JSON has all." in said
    assert "v699/kernel" in said and "v0/kernel" in said and "v1/kernel" not in said
    assert "and 492 more." in said
    assert "1 more row has no room here. The JSON has all." in found.section("map")
    assert len(text.encode()) < 1_500_000


def test_steps_without_a_loss_and_without_any_step(parsed, make):
    made = make.match()
    made["training"]["losses"] = {key: [] for key in ("tf1", "keras", "ratio")}
    assert parsed(made).texts("figcaption") == ["Ratio over the training steps"]
    made["training"] |= {"steps": [], "variables": [make.variable(ratio=[])]}
    assert "dense/kernel variable ✓ match - -" in parsed(made).section("training")


def test_the_same_results_give_the_same_bytes(rendered, make, undrawn):
    made = make.differs()
    assert html_page.html(made) == html_page.html(json.loads(json.dumps(made)))
    assert not re.search(r"20\d\d-\d\d-\d\d", rendered(make.differs()))


def test_the_file_is_written_whole_or_not_at_all(make, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    html_page.write(path, make.forward_only())
    first = path.read_bytes()
    assert first.decode() == html_page.html(make.forward_only())

    def full(self, text, **options):
        self.write_bytes(text[:3].encode())
        raise OSError(28, "No space left")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(type(path), "write_text", full)
        html_page.write(path, make.refused())
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]


def test_results_that_are_not_whole_are_refused(make, fails):
    with fails("`verdict` must be"):
        html_page.html(make.match(verdict="fine"))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_in_a_browser_nothing_complains_or_is_too_faint(
    width, scheme, opened, too_faint, rendered, make, evil_results, tmp_path
):
    for name, results in (("differs", make.differs()), ("evil", evil_results)):
        path = tmp_path / f"{name}.html"
        path.write_text(rendered(results), encoding="utf-8")
        with opened(path, width, scheme) as page:
            if name == "evil":
                continue  # nothing complains, nothing runs, and it does not scroll sideways
            seen = too_faint(page)
            assert seen["faint"] == []
            assert seen["texts"] > 100 and seen["lines"] > 10
            if width == 1280:
                page.get_by_role("button", name="worst ratio").click()
                first = page.locator("table.sortable tbody tr").first
                assert first.get_by_role("rowheader").inner_text().startswith("bn/moving_variance")
