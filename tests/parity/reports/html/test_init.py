"""Opens the report in a browser."""

import itertools
import socket

import pytest

WIDTHS = [360, 1280]
SCHEMES = ["light", "dark"]


@pytest.fixture
def report(rendered, tmp_path):
    """Returns `report(document)`, which writes a report and returns its path."""

    def write(document):
        path = tmp_path / "report.html"
        path.write_text(rendered(document), encoding="utf-8")
        return path

    return write


@pytest.fixture
def unsorted(make):
    """Returns five recipes, in another order by name than by each ratio and by drift."""
    figures = {  # exact ratio, textbook ratio, textbook drift
        "momentum": (0.9, 9.0, 0.5),
        "adam": (0.25, 2e4, 1e-7),
        "he_init": (None, 30.0, 0.02),
        "l2": (1.5, None, None),
    }
    rows = []
    for name, (exact, textbook, drift) in figures.items():
        passed = exact is not None
        rows.append(make.row(name, ratio=exact) if passed else make.away(name, "exact", None, None))
        rows.append(make.away(name, "textbook", textbook, drift))
    rows.insert(2, make.error("zz/b.npz"))
    return make.document(rows, status=2, distributions=[make.drawn()])


ORDERS = {
    "recipe": "adam b.npz he_init l2 momentum",
    # The worst first; a ratio that is not finite, or was not judged, is worse than any number.
    "exact ratio": "b.npz he_init l2 momentum adam",
    "textbook ratio": "b.npz l2 adam he_init momentum",
    "textbook drift": "b.npz l2 momentum he_init adam",
}
BACKWARDS = {
    "recipe": "momentum l2 he_init b.npz adam",
    "exact ratio": "adam momentum l2 b.npz he_init",
    "textbook ratio": "momentum he_init adam b.npz l2",
    "textbook drift": "adam he_init momentum b.npz l2",
}
GIVEN = "momentum b.npz adam he_init l2"


def order(page):
    return " ".join(page.locator("table.sortable tbody th").all_inner_texts())


def sorted_by(page):
    """Returns `[(heading, aria-sort)]` of the headings that have the attribute."""
    found = page.locator("th[aria-sort]")
    return [(each.inner_text(), each.get_attribute("aria-sort")) for each in found.all()]


def test_a_click_sorts_and_another_turns_the_order_round(opened, report, unsorted):
    with opened(report(unsorted)) as page:
        for column in ORDERS:
            turns = ["ascending", "descending"]
            first, other = turns if column == "recipe" else turns[::-1]
            page.reload()
            assert (order(page), sorted_by(page)) == (GIVEN, [])
            button = page.get_by_role("columnheader").get_by_role("button", name=column, exact=True)
            button.click()
            assert (order(page), sorted_by(page)) == (ORDERS[column], [(column, first)])
            button.click()
            assert (order(page), sorted_by(page)) == (BACKWARDS[column], [(column, other)])
            button.click()
            assert (order(page), sorted_by(page)) == (ORDERS[column], [(column, first)])


def test_the_keyboard_sorts_every_column(opened, report, unsorted):
    with opened(report(unsorted)) as page:
        page.locator(".scroll").first.focus()
        for k, (column, expected) in enumerate(ORDERS.items()):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.innerText") == column
            page.keyboard.press(["Enter", "Space"][k % 2])
            assert order(page) == expected
            (found,) = sorted_by(page)
            assert found[0] == column
            assert page.evaluate("document.activeElement.innerText") == column  # focus stays


def test_one_column_after_another_starts_from_the_order_given(opened, report, make):
    rows = [make.row(name, ratio=ratio) for name, ratio in [("c", 2), ("a", 10), ("b", 2)]]
    with opened(report(make.document(rows))) as page:
        page.get_by_role("button", name="recipe").click()
        page.get_by_role("button", name="exact ratio").click()
        assert order(page) == "a c b"  # 10 is more than 2, and equals stay in their order


def test_without_scripts_it_is_a_plain_table(opened, report, unsorted):
    with opened(report(unsorted), java_script_enabled=False) as page:
        assert order(page) == GIVEN
        assert page.get_by_role("button").count() == 0
        assert page.get_by_text("Click a heading with an arrow to sort.").is_hidden()
        assert page.locator("th", has_text="exact ratio").is_visible()
        page.get_by_role("link", name="l2", exact=True).click()
        assert page.url.endswith("#recipe-l2")


def test_a_row_leads_to_its_recipe_and_back(opened, report, unsorted):
    with opened(report(unsorted)) as page:
        page.locator("table.sortable").get_by_role("link", name="l2").click()
        section = page.locator("#recipe-l2")
        assert section.evaluate("each => each.matches(':target')")
        assert 0 <= section.bounding_box()["y"] < 100
        section.get_by_role("link", name="All recipes").click()
        assert page.url.endswith("#results")


def test_text_and_lines_have_contrast(opened, too_faint, report, unsorted):
    with opened(report(unsorted)) as page:
        page.get_by_role("button", name="recipe").click()
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found = too_faint(page)
            assert found["texts"] > 200
            assert found["lines"] > 100
            assert found["faint"] == [], scheme


def test_dark_is_dark_and_print_is_light(opened, too_faint, report, unsorted):
    background = "getComputedStyle(document.body).backgroundColor"
    stroke = "[...document.querySelectorAll('.plot *')].map(e => getComputedStyle(e).stroke)"
    with opened(report(unsorted), scheme="dark") as page:
        assert page.evaluate(background) == "rgb(22, 24, 29)"
        assert "rgb(86, 180, 233)" in page.evaluate(stroke)
        page.emulate_media(media="print")
        assert page.evaluate(background) == "rgb(255, 255, 255)"
        assert "rgb(0, 114, 178)" in page.evaluate(stroke)
        assert "rgb(86, 180, 233)" not in page.evaluate(stroke)
        assert too_faint(page)["faint"] == []


def test_print_shows_no_controls_and_keeps_sections_together(opened, report, unsorted):
    with opened(report(unsorted), width=794) as page:  # A4 at 96 dots an inch
        page.emulate_media(media="print")
        for hidden in ("nav", ".skip", ".up", ".script"):
            assert page.locator(hidden).first.is_hidden()
        arrow = "getComputedStyle(document.querySelector('th button'), '::after').content"
        assert page.evaluate(arrow) == "none"
        # A box would be missing where the heading is repeated on the next page.
        box = "getComputedStyle(document.querySelector('th button')).display"
        assert page.evaluate(box) == "contents"
        inside = "getComputedStyle(document.querySelector('.recipe')).breakInside"
        assert page.evaluate(inside) == "avoid"
        box = page.locator(".scroll").first
        assert box.evaluate("each => each.scrollWidth <= each.clientWidth")  # nothing is cut off
        assert page.pdf().startswith(b"%PDF-")


def test_nothing_scrolls_sideways_but_tables_and_commands(
    opened, report, evil_document, no_sideways_scroll
):
    boxes = "[...document.querySelectorAll('body *')].filter(e => e.scrollWidth > "
    boxes += "e.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(e).overflowX))"
    with opened(report(evil_document)) as page:
        for width, scheme in itertools.product(WIDTHS, SCHEMES):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            no_sideways_scroll(page)
            found = page.evaluate(f"{boxes}.map(e => [e.className || e.localName, e.tabIndex])")
            assert {name for name, _ in found} <= {"scroll", "pre"}
            assert all(index == 0 for _, index in found)  # the keyboard reaches them


def test_at_a_usual_width_the_whole_table_shows(opened, report, make):
    with opened(report(make.document())) as page:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            box = page.locator(".scroll").first
            fits = box.evaluate("each => each.scrollWidth <= each.clientWidth")
            assert fits is (width == 1280)


@pytest.mark.parametrize("scripts", [True, False])
def test_somebody_elses_text_does_nothing(opened, report, evil_document, scripts):
    with opened(report(evil_document), java_script_enabled=scripts) as page:
        for button in page.get_by_role("button").all():
            button.click()
        assert page.evaluate("document.scripts.length") == 1
        assert page.locator("img, iframe, object, embed, form, base").count() == 0
        assert page.locator("bdi", has_text="<script>alert(1)</script>").first.is_visible()
        with_handlers = "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some("
        with_handlers += "a => a.name.startsWith('on'))).length"
        assert page.evaluate(with_handlers) == 0


def test_the_policy_stops_what_the_escaping_would_let_through(browser, report, make):
    path = report(make.document(summary="SUMMARY"))
    with socket.create_server(("127.0.0.1", 0)) as server, browser.new_context() as context:
        address = "http://{}:{}/x".format(*server.getsockname())
        attack = f"<script>document.title = 'run'</script><img src='{address}' onerror=alert(1)>"
        path.write_text(path.read_text().replace("SUMMARY", attack))
        page, said, asked = context.new_page(), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        assert page.locator("header img").count() == 1
        assert page.title() == "Passed: every exact port does what TensorFlow 1 did"
        assert asked == []
        assert sum("Content Security Policy" in each for each in said) >= 2
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody called
            server.accept()


def test_the_first_tab_skips_to_the_results(opened, report, make):
    with opened(report(make.document())) as page:
        page.keyboard.press("Tab")
        link = page.get_by_role("link", name="Skip to the results")
        assert link.bounding_box()["x"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_focus_is_seen_on_everything_that_takes_it(opened, report, unsorted):
    with opened(report(unsorted)) as page:
        element, seen = "document.activeElement", []
        page.keyboard.press("Tab")
        while (name := page.evaluate(f"{element}.localName")) != "body":  # once round
            outline = page.evaluate(f"[getComputedStyle({element}).outline]")
            assert "solid 3px" in outline[0], name
            seen.append(name)
            page.keyboard.press("Tab")
        assert {"a", "button", "div", "pre"} == set(seen)


def test_only_an_exact_port_that_differs_is_alarming(opened, report, make):
    rows = [make.away("a", "exact"), make.away("a")]
    with opened(report(make.document(rows, status=1))) as page:
        marks = page.locator("table .mark.differs")
        colours = [each.evaluate("e => getComputedStyle(e).color") for each in marks.all()]
        assert colours == ["rgb(179, 38, 30)", "rgb(0, 0, 0)"]


def test_those_who_have_it_read_to_them_hear_figures_and_verdicts(opened, report, make):
    with opened(report(make.document())) as page:
        figures = page.get_by_role("img", name="Training loss over 4 steps. TF 1.15: 2.3 at first")
        assert figures.count() == 1
        assert page.get_by_role("img", name="Keras 3, textbook: 0.0001 at step 1").count() == 1
        assert page.get_by_role("img", name="exact 0.5, textbook 2e+04, limit 10").count() == 1
        assert page.get_by_role("table", name="The worst ratio of each port").count() == 1
        assert page.get_by_role("region", name="adam").count() == 1
