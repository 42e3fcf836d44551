import re
from html.parser import HTMLParser

import pytest

from tf_recipes.convert.reports import conversion_page


class Tags(HTMLParser):
    """Lists the tags of a page with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.all, self.text = [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.all.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag in ("td", "th", "dd", "dt", "p", "h2", "caption", "summary", "li"):
            self.text += " "

    def handle_data(self, data):
        self.text += data


def said(page):
    return " ".join(Tags(page).text.split())


def test_the_page_says_what_became_of_the_graph(results):
    text = said(conversion_page.html(results))
    for part in (
        "The model does what TF1 did",
        "the predictions match TF1's (largest ratio 0.5). Exit status 0",
        "keep_prob has no value for training",
        'dense keras.layers.Dense(3, name="dense") 11 w, b',
        "logits:0 ✓ match 0.5 5e-06 % 1e-05 %",
        "dense/kernel w (3, 3) transpose dense/bias b (3) as it is",
        "3 nodes of the graph lie between",
        "dense 2 nodes node operation pattern w VariableV2 variable MatMul MatMul dense layer",
        "no layer of its own 1 node node operation pattern zero Const serves another node",
        "2 of saver Keras saves the model; the first is save",
        "x (?, 3) float32",
    ):
        assert part in text, part
    assert "20 training steps" not in text


def test_a_difference_is_said_first(results):
    results["predictions"][0] |= {"drift": "nan", "ratio": "inf", "passed": False}
    text = said(conversion_page.html({**results, "passed": False}))
    assert "The model leaves TF1" in text and "Exit status 1" in text
    assert "differs not finite not finite" in text


def test_of_many_rows_the_first_are_shown_and_the_others_counted(results):
    for key in ("nodes", "variables", "layers", "notes"):
        results[key] = results[key][:1] * 700
    page = conversion_page.html(results)
    assert page.count("200 more rows have no room here. conversion.json has all.") == 4
    assert len(page) < 500_000
    assert "700 nodes of the graph" in said(page)


def test_the_page_says_that_the_training_was_not_compared(results):
    results["training_not_compared"] = "Training was not compared: the rows <b>do not fit</b>."
    text = said(conversion_page.html(results))
    for part in (
        "The model predicts as TF1 did; its training was not compared",
        "Exit status 0: no comparison with the graph found a difference",
        "not compared Training was not compared: the rows <b>do not fit</b>.",
    ):
        assert part in text, part
    results.update(passed=False)
    results["predictions"][0].update(passed=False)
    assert "The model leaves TF1" in said(conversion_page.html(results))


def test_names_of_the_graph_are_text_alone(evil_results, evil):
    page = conversion_page.html(evil_results)
    found = Tags(page)
    tags = {tag for tag, _ in found.all}
    assert not tags & {"img", "iframe", "object", "embed", "base", "form"}
    assert sum(tag == "script" for tag, _ in found.all) == 1
    assert not [key for _, at in found.all for key in at if key.startswith("on")]
    for text in evil[:4]:
        assert found.text.count(text) >= 6, text
    assert "49" not in re.sub(r"\d{3,}", "", found.text.partition("How to read")[2])
    assert r"\x1b[31mred\u202etxt" in found.text
    assert not re.search("[\u202e\x1b]", page)
    ids = [at["id"] for _, at in found.all if "id" in at]
    assert len(ids) == len(set(ids))


def test_nothing_is_fetched(results):
    page = conversion_page.html(results)
    addresses = re.findall(r'\b(?:src|href)="([^"#][^"]*)"', page)
    assert [address[:19] for address in addresses] == ["data:image/svg+xml,"]
    assert not re.search(r"url\((?!#)|@import|@font-face|\bstyle=|\bon\w+=", page)


def test_the_same_results_give_the_same_page(results):
    assert conversion_page.html(results) == conversion_page.html(results)


def test_results_that_are_not_whole_are_refused(results, fails):
    del results["nodes"]
    with fails("must have the key `nodes`"):
        conversion_page.html(results)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_in_a_browser_nothing_complains_or_is_too_faint(
    width, scheme, opened, too_faint, results, evil_results, tmp_path
):
    for name, made in (("good", results), ("evil", evil_results)):
        path = tmp_path / f"{name}.html"
        path.write_text(conversion_page.html(made), encoding="utf-8")
        with opened(path, width, scheme) as page:
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            assert too_faint(page)["faint"] == []
