import functools
import re
import struct
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib import figure

from tf_recipes.parity.reports import plots

SVG = "{http://www.w3.org/2000/svg}"


def row(port, drifts=(1e-7, 2e-6), losses=(2.4, 2.3, 2.2, 2.1)):
    curve = [
        {"step": step, "drift": drift, "sensitivity": 1e-7}
        for step, drift in zip((1, 4), drifts, strict=True)
    ]
    return {"name": "a", "port": port, "curve": curve, "losses": list(losses)}


def trace(name="a", source="a.npz"):
    losses = [2.3, 2.2, 2.1, 2.0]
    recorded = {"provenance": {"tensorflow": "1.15.5"}, "losses": losses}
    return {"name": name, "recipe": "a", "source": source, "why": "$x$", **recorded}


def rows(*given):
    textbook = row("textbook", (0.1, 1), (2.3, 2.1, 1.9, 1.7))
    return {each["port"]: each for each in given or (row("exact"), textbook)}


def curves(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}


def test_the_losses():
    losses, _ = plots.figure(trace(), rows()).axes
    assert losses.get_xlabel() == "training step"
    assert losses.get_ylabel() == "loss (nats)"
    drawn = curves(losses)
    assert drawn.keys() == {"TF 1.15", "Keras 3, exact", "Keras 3, textbook"}
    np.testing.assert_allclose(drawn["TF 1.15"], [[1, 2.3], [2, 2.2], [3, 2.1], [4, 2.0]])
    assert drawn["Keras 3, exact"] == [[1, 2.4], [2, 2.3], [3, 2.2], [4, 2.1]]
    assert drawn["Keras 3, textbook"] == [[1, 2.3], [2, 2.1], [3, 1.9], [4, 1.7]]
    assert {text.get_text() for text in losses.get_legend().get_texts()} == drawn.keys()


def test_the_drifts():
    _, drifts = plots.figure(trace(), rows()).axes
    assert drifts.get_xlabel() == "training step"
    assert drifts.get_ylabel() == "largest relative drift of a variable"
    assert drifts.get_yscale() == "log"
    assert curves(drifts) == {
        "Keras 3, exact": [[1, 1e-7], [4, 2e-6]],
        "Keras 3, textbook": [[1, 0.1], [4, 1]],
        "TF 1.15 one ulp away": [[1, 1e-7], [4, 1e-7]],
    }
    shown = [text.get_text() for text in drifts.get_legend().get_texts()]
    assert "match: up to 10 times that" in shown


def test_the_band_reaches_ten_times_tf1s_own_drift():
    (band,) = plots.figure(trace(), rows()).axes[1].collections
    upper = [y for _, y in band.get_paths()[0].vertices if y > 1e-10]
    assert upper == pytest.approx([1e-6] * len(upper))
    assert upper


def test_where_both_ports_drift_alike_both_are_seen():
    _, drifts = plots.figure(trace(), rows(row("exact"), row("textbook"))).axes
    lines = {line.get_label(): line for line in drifts.get_lines()}
    exact, textbook = lines["Keras 3, exact"], lines["Keras 3, textbook"]
    assert exact.get_zorder() > textbook.get_zorder()
    assert (exact.get_linestyle(), textbook.get_linestyle()) == ("-", "--")
    assert textbook.get_markerfacecolor() == "none"
    assert textbook.get_markersize() > exact.get_markersize()


def test_what_was_not_recorded_on_tf_1_15_is_not_called_so():
    other = {**trace(), "provenance": {"tensorflow": "2.21.0"}}
    losses, drifts = plots.figure(other, rows()).axes
    name = "TF1's graph in TensorFlow 2.21.0"
    assert name in curves(losses)
    assert "TF1's graph one ulp away" in curves(drifts)
    assert drifts.get_title() == f"Drift from {name}"


def test_a_port_that_diverges_leaves_the_axis_and_does_not_flatten_tf1s_curve():
    away = row("textbook", losses=(2.3, 9.0, 1e27, 1.7e308))
    view = plots.figure(trace(), rows(row("exact"), away))
    bottom, top = view.axes[0].get_ylim()
    assert 1.6 < bottom < 2.0 and 2.6 < top < 2.7  # TF1's: from 2.0 to 2.3
    drawn = curves(view.axes[0])["Keras 3, textbook"]
    assert drawn[:2] == [[1, 2.3], [2, 9.0]]
    assert 100 < drawn[2][1] == drawn[3][1] < 1000


def test_large_losses_are_written_at_the_ticks_and_nothing_above_the_axis():
    far = [1e27, 3e27, 2e27, 4e27]
    view = plots.figure({**trace(), "losses": far}, rows(row("exact", losses=far)))
    view.draw_without_rendering()
    axis = view.axes[0].yaxis
    assert axis.get_offset_text().get_text() == ""
    assert "2e+27" in [label.get_text() for label in axis.get_ticklabels()]


def test_a_loss_that_no_line_leads_to_has_a_mark():
    torn = row("exact", losses=(2.3, None, 2.1, 2.0))
    losses, _ = plots.figure(trace(), rows(torn)).axes
    (mark,) = [line for line in losses.get_lines() if line.get_label() == "_isolated"]
    assert mark.get_xydata().tolist() == [[1, 2.3]]
    assert (mark.get_marker(), mark.get_color()) == ("o", plots.COLOURS["exact"])


@pytest.mark.parametrize("value", [1.7e308, -1.7e308])
def test_the_largest_float64_is_drawn_too(tmp_path, value):
    extreme = (value, 1.0, -value, value)
    for losses in (extreme, (value,) * 4):
        given = {**trace(), "losses": list(losses)}
        assert png_size(plots.save(given, rows(row("exact", losses=losses)), tmp_path)) == (
            1100,
            420,
        )


@pytest.fixture
def some_drawn(monkeypatch):
    """Makes `plots.save` write an empty figure, but where the name has other letters than ASCII.

    Drawing takes most of a second, and the tests with this fixture are about the files' names.
    """
    real = plots.figure

    def draw(trace, rows):
        return figure.Figure((1, 1)) if trace["name"].isascii() else real(trace, rows)

    monkeypatch.setattr(plots, "figure", draw)


@pytest.mark.usefixtures("some_drawn")
def test_a_long_name_is_cut_and_stays_its_own(tmp_path):
    names = ["a" * 300, "a" * 301, "\u65e5" * 300, "a" * 80]
    given = [{**trace(name, f"{name}.npz"), "recipe": name} for name in names]
    paths = [plots.save(each, rows(), tmp_path) for each in given]
    assert len(set(paths)) == 4
    assert max(len(path.name.encode()) for path in paths) < 200
    assert paths[3].name == f"{'a' * 80}.png"


def test_no_drift_at_all_has_a_place_on_the_logarithmic_axis():
    _, drifts = plots.figure(trace(), rows(row("exact", (0.0, 0.0)))).axes
    (drawn,) = (xy for label, xy in curves(drifts).items() if label.startswith("Keras 3, exact"))
    assert "Keras 3, exact (the same bits)" in curves(drifts)
    bottom = drifts.get_ylim()[0]
    assert all(bottom < drift < 2 * bottom for _, drift in drawn)


@pytest.mark.parametrize("value", [None, 1e300])  # None: NaN or infinite
def test_what_is_beyond_the_axis_is_drawn_at_its_end(value):
    _, drifts = plots.figure(trace(), rows(row("exact", (1e-7, value)))).axes
    assert curves(drifts)["Keras 3, exact"] == [[1, 1e-7], [4, 1e17]]


def png_size(path):
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def test_the_file_is_a_picture(tmp_path):
    path = plots.save(trace(), rows(), tmp_path)
    assert path == tmp_path / "a.png"
    assert png_size(path) == (1100, 420)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("value", [None, 1e300])
def test_a_port_that_diverged_is_drawn_too(tmp_path, value):
    broken = row("exact", (1e-7, value), (2.3, value, value, value))
    assert png_size(plots.save(trace(), rows(broken), tmp_path)) == (1100, 420)
    all_of_it = row("textbook", (value, value), (value,) * 4)
    assert png_size(plots.save(trace(), rows(all_of_it), tmp_path)) == (1100, 420)


@pytest.mark.usefixtures("some_drawn")
def test_traces_of_one_name_have_figures_of_their_own(tmp_path):
    sources = ["x/a.npz", "y/a.npz", "x/b.npz", "a.npz", "$\\oops$/[red]é.npz"]
    paths = {plots.save(trace(f"a ({s})", s), rows(), tmp_path) for s in sources}
    paths.add(plots.save(trace(), rows(), tmp_path))
    assert len(paths) == 6
    assert set(tmp_path.iterdir()) == paths


def test_a_figure_replaces_the_one_before(tmp_path):
    (tmp_path / "a.png").write_text("before")
    assert png_size(plots.save(trace(), rows(), tmp_path)) == (1100, 420)


@functools.cache
def panels(salt="a", theme=""):
    """Returns both panels as the text of an SVG; the same ones are drawn once for all tests."""
    return tuple(
        plots.svg(plots.panel(draw, trace(), rows()), salt, theme)
        for draw in (plots.draw_losses, plots.draw_drifts)
    )


def test_a_panel_is_one_of_the_two():
    (losses,) = plots.panel(plots.draw_losses, trace(), rows()).axes
    assert losses.get_title() == "Training loss"
    (drifts,) = plots.panel(plots.draw_drifts, trace(), rows()).axes
    assert drifts.get_title() == "Drift from TF 1.15"
    assert curves(drifts)["Keras 3, textbook"] == [[1, 0.1], [4, 1]]


@pytest.mark.parametrize("which", [0, 1])
def test_an_svg_is_one_element_whose_text_stays_text(which):
    svg = panels()[which]
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert svg.startswith("<svg ")
    words = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}
    assert {"training step", "Keras 3, exact", "Keras 3, textbook"} <= words
    assert not re.search("metadata|Matplotlib|matplotlib.org", svg)


def test_the_colours_of_an_svg_go_by_name():
    losses, drifts = panels()
    names = {"ink", "paper", "grid", "exact", "textbook"}
    assert set(re.findall(r"var\(--(\w+), ", losses + drifts)) == names
    left = re.sub(r"var\(--\w+, #\w{6}\)", "", losses + drifts)
    assert not re.search(r"[:\s]#[0-9a-f]{6}\b", left)
    assert "stroke: var(--exact, #0072b2)" in losses


def test_what_is_black_without_saying_so_is_ink_too():
    for svg in panels():
        assert ElementTree.fromstring(svg).get("style") == "fill: var(--ink, #000000)"


def test_the_theme_gives_every_colour_a_light_and_a_dark_value():
    light, dark = plots.THEME.split("@media(prefers-color-scheme:dark)")
    for part in (light, dark):
        assert re.findall(r"--(\w+):#", part) == ["ink", "paper", "grid", "exact", "textbook"]
    for svg in panels(theme=plots.THEME):
        styles = [each.text for each in ElementTree.fromstring(svg).iter(f"{SVG}style")]
        assert plots.THEME in styles
    assert "prefers-color-scheme" not in "".join(panels())


def test_ids_follow_from_the_salt_and_nothing_else():
    first = panels("a")
    assert first == panels.__wrapped__("a")  # drawn again
    ids = [set(re.findall(r"url\(#(\w+)\)", "".join(drawn))) for drawn in (first, panels("b"))]
    assert ids[0]
    assert not ids[0] & ids[1]
