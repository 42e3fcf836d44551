"""Tests complete and broken markers."""

import pytest

from lab.documentation import markers

TEXT = "a <!-- measured x y -->1<!-- / --> b <!-- chapter z -->\n2\n<!-- / --> c"


def test_each_kind_is_filled_by_itself():
    filled = markers.fill(TEXT, "measured", "+".join)
    assert filled == TEXT.replace("-->1<", "-->x+y<")
    assert markers.words(TEXT, "measured") == [["x", "y"]]
    assert markers.words(TEXT, "generated") == []
    assert markers.without(TEXT) == "a  b  c"
    assert markers.without(TEXT, ["chapter"]) == TEXT.partition(" b ")[0] + " b  c"


def test_whole_markers_pass():
    markers.check(TEXT)
    markers.check("<!-- check -->\nno marker of ours")


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace(
            "<!-- / -->", "", 1
        ),  # without its end, the marker would reach to the end of the next marker
        TEXT.replace("<!-- / -->", "", 2),
        TEXT + "<!-- / -->",
        "<!-- measured -->1<!-- / -->",
        "<!-- measured  -->1<!-- / -->",
        "<!--chapter x -->1<!-- / -->",
    ],
)
def test_broken_ones_are_refused(text, fails):
    with fails("Every marker is"):
        markers.check(text)


def test_a_lost_end_takes_no_text_with_it():
    broken = TEXT.replace("<!-- / -->", "", 1)
    assert markers.fill(broken, "measured", lambda words: "new") == broken
