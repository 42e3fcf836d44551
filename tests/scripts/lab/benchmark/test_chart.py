import pytest

from lab.benchmark import chart, measurements, registry
from lab.benchmark.growth import Series
from lab.benchmark.measure import Timing


@pytest.fixture
def found():
    speed = {
        ("784-5-10", batch): {
            "keras": Timing("keras", 100, [0.5, 1.0, 2.0]),
            "tf1": Timing("tf1", 0, failed="no Python 3.7"),
        }
        for batch in (50, 128)
    }
    growth = [Series("batch", "keras", "step", [10, 20], [[0.1, 0.1], [0.2, 0.2]])]
    return measurements.Results({}, speed, growth, {"keras": [4.0, 5.0, 7.0]})


def test_axes_have_labels_and_units(found):
    speed, growth, startup = chart.draw(found).axes
    assert (speed.get_title(), speed.get_xlabel()) == ("784-5-10", "images per batch")
    assert speed.get_ylabel() == "training steps per second"
    assert growth.get_xlabel() == "images per batch"
    assert growth.get_ylabel() == "milliseconds per step"
    assert startup.get_ylabel() == "seconds"


def test_medians_and_spread_are_drawn(found):
    speed, growth, startup = chart.draw(found).axes
    assert [bar.get_height() for bar in speed.patches] == [100, 100]
    ends = speed.collections[0].get_segments()[0][:, 1]
    assert ends.tolist() == [50, 200]  # 100 steps in 2 s and in 0.5 s
    assert growth.get_lines()[0].get_ydata().tolist() == [100, 200]
    assert growth.get_legend().get_texts()[0].get_text().endswith("exponent 1.00")
    assert startup.patches[0].get_height() == 5


def test_everyone_has_a_colour():
    assert chart.COLOURS.keys() == registry.CONTESTANTS.keys()
    assert len(set(chart.COLOURS.values())) == len(chart.COLOURS)


@pytest.mark.parametrize("part", ["speed", "growth", "startup"])
def test_any_part_may_be_missing(found, part, tmp_path):
    setattr(found, part, type(getattr(found, part))())
    chart.save(found, tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes()[:4] == b"\x89PNG"
