"""Tests that the pages of speed, scaling and training show figures of files, and no typed ones."""

import json
import re
from pathlib import Path

import pytest

from lab.documentation import markers

DOCS = Path(__file__).parents[2] / "docs"
# The figures of these sections come from the files that a command writes.
SECTIONS = {
    "benchmark.md": ["## Steps per second", "## On a GPU", "## On PyTorch", "## Where the time"],
    "scaling.md": ["## What a step costs", "## Where it stops paying"],
    "training.md": ["## What training reaches"],
}
# A figure that somebody measured: digits with a decimal point or with thousands.
FIGURE = re.compile(r"(?<![\w.-])\d+(?:\.\d+|,\d{3})(?![\w.])")
GOALS = {"0.95"}  # what was wanted


@pytest.mark.parametrize("page", SECTIONS)
def test_no_figure_is_typed(page):
    text = markers.without((DOCS / page).read_text())
    for title in SECTIONS[page]:
        section = text.partition(title)[2].partition("\n## ")[0]
        assert section, title
        assert not set(FIGURE.findall(section)) - GOALS - {"54,000", "6,000", "10,000"}, title


def test_the_figures_on_a_gpu_are_those_of_the_json():
    page = (DOCS / "benchmark.md").read_text().partition("## On a GPU")[2]
    for row in json.loads((DOCS / "measured" / "benchmark_h200.json").read_text())["speed"]:
        if not row["failed"]:
            assert f"{row['steps_per_second']['median']:,.0f} (" in page
