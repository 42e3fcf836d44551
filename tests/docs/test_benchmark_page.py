"""Tests that the page of the benchmark shows the figures of its JSON."""

import json
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_figures_on_a_gpu_are_those_of_the_json():
    rows = json.loads((DOCS / "benchmark_h200.json").read_text())["speed"]
    page = (DOCS / "benchmark.md").read_text().partition("## On a GPU")[2].partition("<sub>")[0]
    shown = [
        [int(cell.strip(" *").replace(",", "")) for cell in line.split("|")[2:5]]
        for line in page.splitlines()[4:7]
    ]
    found = {(row["contestant"], row["batch"]): row.get("steps_per_second") for row in rows}
    assert shown == [
        [round(found[name, batch]["median"]) for batch in (50, 128, 512)]
        for name in ("keras_jax", "tf_recipes_jax", "jax_scan")
    ]
