"""Tests that the site builds without a warning, and opens every page in a browser."""

import functools
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import limits
from lab.documentation import pages, public_names, site, update

CLONE = update.CLONE
PAGES = sorted((CLONE / "docs").rglob("*.md"))
WIDTHS = (360, 1280)  # of a phone and of a desktop, in pixels

TWO = """<table>
<tr><th>TensorFlow 1</th><th>Keras 3</th></tr>
<tr><td>

```python
a
```

</td><td>

```python
b
```

</td></tr>
</table>
"""


class Page:
    def __init__(self, path="page.md"):
        self.meta = {}
        self.file = types.SimpleNamespace(src_uri=path)


def test_two_programs_become_two_columns():
    page = Page()
    markdown = site.on_page_markdown(f"before\n\n{TWO}\nafter\n", page)
    assert markdown.count("<div markdown>") == 2 and "<t" not in markdown
    assert markdown.startswith("before\n") and markdown.endswith("\nafter\n")
    assert page.meta == {"hide": ["toc"]}
    other = Page()
    assert site.on_page_markdown("no table", other) == "no table" and not other.meta


def test_names_in_a_table_break_where_they_are_joined():
    row = "<td><code>tf.nn.l2_loss</code> a.b</td><td>x_y</td><code>c.d</code>"
    assert site.on_page_content(row, Page()) == (
        "<td><code>tf.<wbr>nn.<wbr>l2_<wbr>loss</code> a.b</td><td>x_y</td><code>c.d</code>"
    )


def table(*rows):
    cells = ["".join(f"\n<td>{cell}</td>" for cell in row) for row in rows]
    head = "<thead><tr><th>TF1</th><th>in its place</th><th>page</th></tr></thead>"
    body = "".join(f"<tr>{each}\n</tr>\n" for each in cells)
    return f"<table>\n{head}\n<tbody>\n{body}</tbody>\n</table>"


def test_a_cell_names_its_column_from_three_columns_on():
    made = site.on_page_content(table(("a", "b", "c")), Page())
    assert re.findall(r'<td data-label="(.*?)">(\w)', made) == [
        ("TF1", "a"),
        ("in its place", "b"),
        ("page", "c"),
    ]
    two = "<table><tr><th>a</th><th>b</th></tr><tr><td>c</td><td>d</td></tr></table>"
    assert site.on_page_content(two, Page()) == two


def test_the_index_of_names_has_a_group_for_each_namespace():
    rows = [("tf.a", "1"), ("tf.nn.b", "2"), ("tf.c", "3"), ("tf.A", "4")]
    index = table(*((f"<code>{name}</code>", place, "page") for name, place in rows))
    html = f'{table(("<code>tf.io</code>", "0", "page"))}<h2 id="names">Names</h2>\n{index}\nend'
    made = site.on_page_content(html, Page("names.md"))
    assert made.endswith("\nend") and made.count("<table") == 3
    found = re.findall(r'<details id="(.*?)"><summary><code>(.*?)</code> \((.*?)\)', made)
    assert found == [("names-tf", "tf", "3 names"), ("names-tf-nn", "tf.nn", "1 name")]
    assert re.findall(r'id="(name-tf\S*-[abc])"', made) == [
        "name-tf-a",
        "name-tf-c",
        "name-tf-nn-b",
    ]


def test_an_equation_becomes_mathml():
    drawn = site.math(r"\frac{a}{b}", "math", "math", {}, None)
    assert "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>" in drawn
    assert drawn.startswith('<div class="math" tabindex="0"><math ')


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Builds the site as `.ci/run` does, and returns its folder."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "properdocs", "build", "--strict", "--site-dir", folder]
    done = subprocess.run(
        command, cwd=CLONE, capture_output=True, text=True, timeout=limits.PROCESS, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_and_every_module_is_built(built):
    api = [f"api/{module}.html" for module in public_names.by_module()]
    written = [page.relative_to(CLONE / "docs").with_suffix(".html") for page in PAGES]
    names = [path.as_posix().replace("README", "index") for path in written]
    found = {path.relative_to(built).as_posix() for path in built.rglob("*.html")}
    assert found == {*names, *api, "404.html"}


def test_the_reference_has_the_docstrings(built):
    page = (built / "api" / "blocks.optimizers.html").read_text()
    assert "RMSProp with a mean square that starts at one." in page
    assert "<blockquote>" not in page  # examples are code, not quotations


@functools.cache
def addresses():
    """Returns the path of every page of the site, relative to its folder."""
    found = [page.relative_to(CLONE / "docs").with_suffix(".html") for page in PAGES]
    names = [path.with_name("index.html") if path.stem == "README" else path for path in found]
    return [*names, *(Path("api", f"{module}.html") for module in public_names.by_module())]


@pytest.fixture(scope="module")
def visit(window):
    with window() as visit_page:
        yield visit_page


# Waits, in one call, until the theme's script is through and nothing slides any more, and says what
# there is to see then.
SHOWN = """async ([scheme, milliseconds]) => {
  const root = document.documentElement, images = [...document.images];
  await Promise.all(images.map((image) => image.decode().catch(() => 0)));
  const shown = () => ({
    script: root.classList.contains("js"),
    scheme: document.body.dataset.mdColorScheme,
    fits: root.scrollWidth <= root.clientWidth,
  });
  const expected = JSON.stringify({ script: true, scheme, fits: true });
  const end = performance.now() + milliseconds;
  while (JSON.stringify(shown()) !== expected && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const headings = document.querySelectorAll("h1").length;
  const broken = images.filter((each) => each.complete && !each.naturalWidth);
  return { ...shown(), headings, broken: broken.map((each) => each.src) };
}"""
# A click costs less than Playwright's, which waits for two frames; it must reach the same element.
CLICK = """(selector) => {
  const label = document.querySelector(selector), box = label.getBoundingClientRect();
  const reached = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (!label.contains(reached)) throw Error(`something covers ${selector}`);
  label.click();
}"""
DARK = "label[for=__palette_1]"


@pytest.mark.parametrize("address", addresses(), ids=str)
def test_a_page_opens_without_a_complaint(built, visit, address):
    """Shows the page in each colour scheme and at each width; a click changes the scheme."""
    phone, desktop = ({"width": width, "height": 900} for width in WIDTHS)
    with visit(built / address) as page:
        page.set_viewport_size(phone)
        check_page(page, "default")
        page.set_viewport_size(desktop)
        check_page(page, "default")
        page.evaluate(CLICK, DARK)
        check_page(page, "slate")
        page.set_viewport_size(phone)
        check_page(page, "slate")
        page.evaluate("localStorage.clear()")  # the site keeps the scheme as a choice


def test_a_reader_who_prefers_dark_pages_gets_one(built, opened):
    with opened(built / "training.html", scheme="dark") as page:
        check_page(page, "slate")


def test_a_readers_click_changes_the_scheme(built, opened):
    with opened(built / "index.html") as page:
        page.locator(DARK).click()
        check_page(page, "slate")


def check_page(page, scheme):
    """Checks the page's script, colours, width, its one heading and all of its images."""
    shown = page.evaluate(SHOWN, [scheme, 1000 * limits.EVENT])
    assert shown == {"script": True, "scheme": scheme, "fits": True, "headings": 1, "broken": []}


def test_search_finds_the_recipe_and_the_index_of_a_name_first(built, opened):
    """The pages lie on the disk: there is no server."""
    with opened(built / "index.html") as page:
        query = page.locator("input.md-search__input")
        query.focus()
        ready = page.locator(".md-search-result__meta", has_text="Type to start searching")
        ready.wait_for(state="attached")
        query.fill("tf.train.MomentumOptimizer")
        query.press("End")  # the theme waits for a key
        pages = page.locator(".md-search-result__item > a.md-search-result__link")
        pages.first.wait_for()
        found = pages.evaluate_all("all => all.map(a => new URL(a.href).pathname)")
        groups = page.locator("a.md-search-result__link[href*=names]").evaluate_all(
            "all => all.map(a => new URL(a.href).hash)"
        )
    assert [Path(address).relative_to(built).as_posix() for address in found[:2]] == [
        "recipes/optimizers.html",
        "names.html",
    ]
    assert "#names-tf-train" in groups[:2]


def test_a_link_to_a_name_opens_its_group(built, opened):
    with opened(f"{(built / 'names.html').as_uri()}#name-tf-train-saver", width=360) as page:
        row = page.locator("[id=name-tf-train-saver]")
        row.wait_for()
        assert row.is_visible() and not page.locator("[id=name-tf-nn-relu]").is_visible()


def test_on_a_phone_every_cell_of_a_wide_table_is_in_the_window(built, visit):
    """Columns that do not fit beside one another stand below one another."""
    right = "all => Math.max(...all.map(each => each.getBoundingClientRect().right))"
    for address in ("chapters.html", "names.html"):
        with visit(built / address) as page:
            page.set_viewport_size({"width": 360, "height": 900})
            assert page.locator("table[data-cards] td:visible").evaluate_all(right) <= 360
            # 1,347 rows one below another were 79,000 pixels
            assert page.evaluate("document.documentElement.scrollHeight") < 40_000
            first = page.locator("table[data-cards] td").nth(1)
            content = first.evaluate("each => getComputedStyle(each, '::before').content")
            assert "attr" in content or ": " in content


def test_two_columns_stand_side_by_side_where_there_is_room(built, opened):
    for width, beside in ((1280, True), (360, False)):
        with opened(built / "recipes" / "optimizers.html", width) as page:
            tops = page.locator(".side-by-side > div").evaluate_all(
                "all => all.map(each => each.getBoundingClientRect().top)"
            )
        assert (tops[0] == tops[1]) is beside


def test_the_pages_anchors_are_those_of_a_code_host(built):
    text = (built / "recipes" / "optimizers.html").read_text()
    assert all(f'id="{anchor}"' in text for anchor in pages.anchors(PAGES_BY_NAME["optimizers"]))


PAGES_BY_NAME = {page.stem: page for page in PAGES}
