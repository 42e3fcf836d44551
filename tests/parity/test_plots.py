import struct
import types

import numpy as np
import pytest

from tf_recipes.parity import plots
from tf_recipes.parity.check import Result
from tf_recipes.parity.comparison import Comparison, Drift
from tf_recipes.recipe import Recipe

STEPS = 4


def compared(port, drifts=(1e-7, 2e-6), losses=(2.3, 2.2, 2.1, 2.0)):
    made = (Drift(step, "hidden1/weights", d, 1e-7) for step, d in zip((1, 4), drifts, strict=True))
    return Comparison("a", port, (*made, Drift(4, "logits", 9.0, 1e-7)), np.array(losses))


def result(*comparisons, name="a", source="traces/a.npz"):
    trace = types.SimpleNamespace(
        recipe=Recipe("a", steps=STEPS), losses=np.linspace(2.3, 2.0, STEPS), source=source
    )
    return Result(name, trace, comparisons or (compared("exact"), compared("textbook", (0.1, 1))))


def curves(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}


def test_the_losses():
    losses, _ = plots.figure(result()).axes
    assert losses.get_xlabel() == "training step"
    assert losses.get_ylabel() == "loss (nats)"
    drawn = curves(losses)
    assert drawn.keys() == {"TF 1.15", "Keras 3, exact", "Keras 3, textbook"}
    np.testing.assert_allclose(drawn["TF 1.15"], [[1, 2.3], [2, 2.2], [3, 2.1], [4, 2.0]])
    assert drawn["Keras 3, exact"] == [[1, 2.3], [2, 2.2], [3, 2.1], [4, 2.0]]
    assert {text.get_text() for text in losses.get_legend().get_texts()} == drawn.keys()


def test_the_drifts():
    _, drifts = plots.figure(result()).axes
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


def test_no_drift_at_all_has_a_place_on_the_logarithmic_axis():
    _, drifts = plots.figure(result(compared("exact", (0.0, 0.0)))).axes
    (drawn,) = (xy for label, xy in curves(drifts).items() if label.startswith("Keras 3, exact"))
    assert "Keras 3, exact (the same bits)" in curves(drifts)
    bottom = drifts.get_ylim()[0]
    assert all(bottom < drift < 2 * bottom for _, drift in drawn)


@pytest.mark.parametrize("value", [np.inf, 1e300])
def test_what_is_beyond_the_axis_is_drawn_at_its_end(value):
    _, drifts = plots.figure(result(compared("exact", (1e-7, value)))).axes
    assert curves(drifts)["Keras 3, exact"] == [[1, 1e-7], [4, 1e17]]


def png_size(path):
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def test_the_file_is_a_picture(tmp_path):
    path = plots.save(result(), tmp_path)
    assert path == tmp_path / "a.png"
    assert png_size(path) == (1100, 420)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e300])
def test_a_port_that_diverged_is_drawn_too(tmp_path, value):
    broken = compared("exact", (1e-7, value), (2.3, value, value, value))
    assert png_size(plots.save(result(broken), tmp_path)) == (1100, 420)
    all_of_it = compared("textbook", (value, value), (value,) * 4)
    assert png_size(plots.save(result(all_of_it), tmp_path)) == (1100, 420)


def test_traces_of_one_name_have_figures_of_their_own(tmp_path):
    sources = ["x/a.npz", "y/a.npz", "x/b.npz", "a.npz", "$\\oops$/[red]é.npz"]
    paths = {plots.save(result(name=f"a ({s})", source=s), tmp_path) for s in sources}
    paths.add(plots.save(result(), tmp_path))
    assert len(paths) == 6
    assert set(tmp_path.iterdir()) == paths


def test_a_figure_replaces_the_one_before(tmp_path):
    (tmp_path / "a.png").write_text("before")
    assert png_size(plots.save(result(), tmp_path)) == (1100, 420)
