import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from tf_recipes.parity.reports.html import figures, words

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def draw(make):
    """Returns `draw(row, ...)`, which gives losses and drifts as elements, and their styles."""

    def drawn(*rows, trace=None, salt="recipe-adam"):
        page = figures.Figures()
        rows = {row["port"]: row for row in rows or (make.row(), make.away())}
        pair = page.draw(trace or make.trace(), rows, salt)
        return [*map(ElementTree.fromstring, pair), page.styles()]

    return drawn


def texts(svg):
    return ["".join(each.itertext()) for each in svg.iter(f"{SVG}text")]


def curve(svg, styles, colour, width):
    """Returns the points of the line of this colour and width, (n, 2), on the page's scale."""
    (name,) = re.findall(
        rf"\.(\w+){{[^}}]*stroke: var\(--{colour}, [^}}]*stroke-width: {width}[;}}]", styles
    )
    paths = [path for path in svg.iter(f"{SVG}path") if path.get("class") == name]
    longest = max(paths, key=lambda path: len(path.get("d")))
    return np.array([[float(n) for n in pair.split()] for pair in longest.get("d")[1:].split("L")])


def test_a_figure_says_in_words_what_it_shows(draw, make):
    losses, drifts, _ = draw()
    rows = {"exact": make.row(), "textbook": make.away()}
    assert losses.get("role") == drifts.get("role") == "img"
    assert losses.get("aria-label") == words.losses(make.trace(), rows)
    assert drifts.get("aria-label") == words.drifts(make.trace(), rows, 10.0)


def test_the_legends(draw):
    losses, drifts, _ = draw()
    assert {"TF 1.15", "Keras 3, exact", "Keras 3, textbook"} <= set(texts(losses))
    assert {
        "Keras 3, exact",
        "Keras 3, textbook",
        "TF 1.15 one ulp away",
        "match: up to 10 times that",
        "textbook first outside the band",
    } <= set(texts(drifts))


def test_without_a_failure_there_is_no_ring(draw, make):
    _, drifts, _ = draw(make.row())
    assert "Keras 3, exact" in texts(drifts)
    assert not [text for text in texts(drifts) if "first outside" in text]


def drawn_drifts(trace, *rows):
    """Returns the axes of the drifts, and the lines by label as lists of (x, y)."""
    axes = Figure().subplots()
    figures._draw_drifts(axes, trace, {row["port"]: row for row in rows})
    return axes, {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def test_the_ring_is_where_the_port_first_leaves_the_band(make):
    _, lines = drawn_drifts(make.trace(), make.row(), make.away())
    assert lines["textbook first outside the band"] == [[1, pytest.approx(1e-4)]]
    assert "exact first outside the band" not in lines


def test_the_dotted_line_and_the_grey_band_end_at_ten_times_tf1s_own(make):
    axes, _ = drawn_drifts(make.trace(), make.row())
    (edge,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    ends = [[1, pytest.approx(4e-6)], [4, pytest.approx(5e-6)]]
    assert edge.get_xydata().tolist() == ends
    (band,) = axes.collections
    upper = {tuple(point) for point in band.get_paths()[0].vertices if point[1] > 1e-7}
    assert sorted(map(list, upper)) == ends


def test_each_port_has_its_own_curve_of_losses(draw):
    losses, _, styles = draw()
    tf1, exact, textbook = (
        curve(losses, styles, name, width)[:, 1]
        for name, width in (("ink", "4"), ("exact", "1.2"), ("textbook", "1.2"))
    )
    unit = (tf1[3] - tf1[0]) / 0.3  # points for a loss of 1
    np.testing.assert_allclose(exact, tf1 - 0.1 * unit, atol=0.2)
    np.testing.assert_allclose(textbook, tf1 + np.array([0, 0.1, 0.2, 0.3]) * unit, atol=0.2)


def test_what_was_not_recorded_on_tf_1_15_is_not_called_so(draw, make):
    losses, drifts, _ = draw(trace=make.trace(provenance={"tensorflow": "2.21.0"}))
    assert "TF1's graph in TensorFlow 2.21.0" in texts(losses)
    assert "TF1's graph one ulp away" in texts(drifts)
    assert not [text for text in texts(losses) + texts(drifts) if "1.15" in text]


def test_the_largest_float64_is_drawn_too(draw, make):
    largest = [1.7e308] * 4
    losses, _, styles = draw(make.row(losses=largest), trace=make.trace(losses=largest))
    assert len(curve(losses, styles, "exact", "1.2")) >= 2
    falling = [1.7e308, 1.0, 1.0, -1.7e308]
    draw(make.row(losses=falling), trace=make.trace(losses=falling))
    draw(make.row(losses=falling), trace=make.trace())


def test_the_curve_is_that_of_the_losses(draw):
    losses, _, styles = draw()
    points = curve(losses, styles, "exact", "1.2")
    assert len(points) == 4
    steps = np.diff(points, axis=0)
    # 1, 2, 3, 4 to the right; 2.4, 2.3, 2.2, 2.1 downwards
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], (3, 2)), atol=0.11)
    assert (steps > 0).all()


def test_long_curves_are_thinned_and_keep_their_peaks(draw, make):
    losses = np.linspace(3, 1, 100_000) + np.tile([0.1, -0.1], 50_000)
    losses[[7, 54_321]] = 9, 0
    losses = losses.tolist()
    svg, _, styles = draw(make.row(losses=losses), trace=make.trace(losses=losses))
    drawn = curve(svg, styles, "exact", "1.2")
    assert 300 < len(drawn) <= 401  # Matplotlib writes the last point twice
    assert len(ElementTree.tostring(svg)) < 20_000
    # In SVG, y grows downwards: the peak of 9 has the least y, the dip to 0 the largest.
    low, high = drawn[:, 1].max(), drawn[:, 1].min()
    unit = (low - high) / 9
    assert sorted(drawn[:, 1])[1] - high == pytest.approx(5.9 * unit, abs=0.3)
    assert low - sorted(drawn[:, 1])[-2] == pytest.approx(0.9 * unit, abs=0.3)


@pytest.mark.parametrize("first", [0, 1])
def test_a_port_that_went_beyond_numbers_is_drawn_too(draw, make, first):
    losses = [2.3] * first + [None] * (4 - first)
    point = {"step": 4, "drift": None, "sensitivity": 4e-7}
    row = make.away(ratio=None, drift=None, losses=losses, curve=[point])
    svg, drifts, _ = draw(make.row(curve=[point]), row)
    assert "not finite at the end" in svg.get("aria-label")
    assert "not finite at step 4; leaves the band" in drifts.get("aria-label")


def test_styles_are_classes_that_the_page_shares(make):
    page = figures.Figures()
    first = page.draw(make.trace(), {"exact": make.row()}, "recipe-a")
    styles = page.styles()
    second = page.draw(make.trace(), {"exact": make.row()}, "recipe-b")
    assert page.styles() == styles  # nothing new
    used = set(re.findall(r'class="(?:plot )?(s\d+)"', "".join(first + second)))
    assert used == set(re.findall(r"\.(s\d+){", styles))
    assert "style" not in "".join(first)
    assert "DejaVu" not in styles
    assert {"--ink", "--exact", "--grid"} <= set(re.findall(r"var\((--\w+)", styles))


def test_what_is_black_by_default_has_the_inks_colour(draw):
    _, drifts, styles = draw()
    (plot,) = re.findall(r"plot (s\d+)", drifts.get("class"))
    assert f".{plot}{{fill: var(--ink, #000000)}}" in styles


def test_no_two_figures_share_an_id_and_all_links_lead_somewhere(make):
    page = figures.Figures()
    rows = {"exact": make.row(), "textbook": make.away()}
    drawn = "".join(
        svg for salt in ("recipe-a", "recipe-b") for svg in page.draw(make.trace(), rows, salt)
    )
    ids = re.findall(r'\bid="([^"]+)"', drawn)
    assert len(ids) == len(set(ids)) > 4
    assert set(re.findall(r"url\(#([^)]+)\)", drawn)) | set(
        re.findall(r'href="#([^"]+)"', drawn)
    ) == set(ids)


def test_the_same_results_give_the_same_bytes(make):
    rows = {"exact": make.row(), "textbook": make.away()}
    assert figures.Figures().draw(make.trace(), rows, "a") == figures.Figures().draw(
        make.trace(), rows, "a"
    )


def test_a_figure_is_small(draw):
    losses, drifts, styles = draw()
    assert max(len(ElementTree.tostring(each)) for each in (losses, drifts)) < 9000
    assert len(styles) < 3000
