"""Tests that links lead to targets, pages are reachable, and no measured figure is typed."""

import re
from pathlib import Path

import pytest

from lab.documentation import markers, pages, update

CLONE = update.CLONE
DOCS = CLONE / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
READMES = [CLONE / "README.md", CLONE / "README.zh.md"]
SECTIONS = [
    "Side by side",
    "What silently differs",
    "What was measured",
    "The equations",
    "When to take which",
    "References",
]
# The page whose figures are given beside their command, and are in no JSON file.
BY_COMMAND = {"checkpoints"}
# Shares and powers of ten; 1e-7 and similar numbers are constants of a library.
FIGURE = re.compile(r"\d[\d.,]*[ \u00a0]?(?:%|percent)|[^1\D]e[+-]?\d|ratio of \d")


def name_of(page):
    return page.relative_to(CLONE).as_posix()


@pytest.mark.parametrize("page", [*READMES, *PAGES], ids=name_of)
def test_links_lead_to_files_and_anchors_that_there_are(page):
    for link in pages.links(page):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), f"{link}: no such file"
        assert not anchor or anchor in pages.anchors(target), f"{link}: no such anchor"


@pytest.mark.parametrize("page", [*READMES, *PAGES], ids=name_of)
def test_no_page_says_one_thing_in_two_sections(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^##? .*$", text, re.MULTILINE)
    assert len(headings) == len(set(headings)) > 0


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_link_to_pages_alone(page):
    """The site has no files from outside docs/."""
    for link in pages.links(page):
        path = link.partition("#")[0]
        inside = (page.parent / path).resolve().is_relative_to(DOCS)
        assert link.startswith("https://") or (inside and (not path or path.endswith(".md"))), link


@pytest.mark.parametrize("page", [*READMES, *PAGES], ids=name_of)
def test_images_are_there_and_say_what_they_show(page):
    for text, target in pages.images(page):
        assert (page.parent / target).is_file(), target
        assert len(text) > 20, f"{target}: {text!r}"


def test_every_figure_is_shown_somewhere():
    shown = {
        (page.parent / target).resolve()
        for page in [CLONE / "README.md", *PAGES]
        for _, target in pages.images(page)
    }
    drawn = {path for path in (DOCS / "figures").rglob("*") if path.is_file()}
    assert drawn == shown


def test_every_page_is_in_the_navigation_and_on_the_home_page():
    listed = set(
        re.findall(r"([\w/-]+\.md)$", (CLONE / "properdocs.yml").read_text(), re.MULTILINE)
    )
    there = {page.relative_to(DOCS).as_posix() for page in PAGES}
    assert listed == there
    linked = {link.partition("#")[0] for link in pages.links(DOCS / "README.md")}
    assert linked - {""} == there - {"README.md"}


def test_every_recipe_has_its_page():
    twins = {path.stem for path in (CLONE / "tf_recipes" / "originals").glob("*.py")}
    other = {"__init__", "distributions", "models", "record"}
    assert {page.stem for page in (DOCS / "recipes").glob("*.md")} == twins - other


@pytest.mark.parametrize("page", sorted((DOCS / "recipes").glob("*.md")), ids=lambda p: p.stem)
def test_recipe_pages_have_one_form(page):
    text = page.read_text()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert re.search(r"\b(19|20)\d\d\b", text.partition("## References")[2]), "no year"
    assert "```math" in text and "<table>\n<tr><th>TensorFlow 1</th><th>Keras 3</th></tr>" in text


@pytest.mark.parametrize("page", sorted((DOCS / "recipes").glob("*.md")), ids=lambda p: p.stem)
def test_recipe_pages_state_the_problem_in_two_sentences(page):
    problem = page.read_text().partition("\n\n")[2].partition("\n\n## Side by side")[0]
    assert "\n\n" not in problem
    ends = re.findall(r"[.?!:](?=\s|$)", pages.without_code(problem).replace(":", ","))
    assert len(ends) == 2, problem


@pytest.mark.parametrize(
    "page",
    [page for page in [CLONE / "README.md", *PAGES] if page.stem not in BY_COMMAND],
    ids=name_of,
)
def test_no_measured_figure_is_typed(page):
    """A figure outside a marker would become out of date unnoticed."""
    assert not FIGURE.findall(pages.without_code(markers.without(page.read_text())))


@pytest.mark.parametrize("page", [*READMES, *PAGES], ids=name_of)
def test_links_and_code_have_the_one_form_that_is_tested(page):
    text = pages.without_code(page.read_text())
    for other in (r"^ *~~~", r"\]\([^)\s]+ ", r"^\[[^\]]+\]: ", r"\]\[", r"<a href"):
        assert not re.findall(other, text, re.MULTILINE), other


@pytest.mark.parametrize("page", [*READMES, *PAGES], ids=name_of)
def test_no_line_of_prose_begins_with_a_marker(page):
    """A code host would read the whole line as HTML, and show its Markdown unformatted."""
    for line in page.read_text().splitlines():
        comment = re.match(r" *<!-- .*? -->(.*)", line)
        assert not comment or not comment[1].strip(), line


def test_what_is_linked_is_found_in_a_made_up_page(tmp_path):
    (tmp_path / "b.md").write_text("# Here\n")
    page = tmp_path / "a.md"
    page.write_text("[x](b.md#here) [y](b.md#there)\n")
    assert pages.links(page) == ["b.md#here", "b.md#there"]
    assert pages.anchors(Path(tmp_path / "b.md")) == {"here"}
