import io

import numpy as np
from rich.console import Console

from tf_recipes.cli import trace_recording
from tf_recipes.parity import references
from tf_recipes.recipe import Recipe


def test_a_line_for_each_file_whatever_its_name(monkeypatch, tmp_path):
    record = references.record
    # the traces come from this TensorFlow, which takes no time
    monkeypatch.setattr(
        references,
        "record",
        lambda recipe, x, y, python, steps, starts: record(recipe, x, y, None, steps, starts),
    )
    out = io.StringIO()
    monkeypatch.setattr(trace_recording, "Terminal", lambda: Console(file=out, width=20))
    folder = tmp_path / "[red] a long name of a directory"
    pool = np.zeros((10, 784), np.uint8), np.zeros(10, int)
    recipe = Recipe("small", hidden=(2,), steps=2, batch_size=2)
    trace_recording.record("python", [recipe], pool, folder)
    size = (folder / "small.npz").stat().st_size
    assert out.getvalue() == f"{folder / 'small.npz'}: {size / 1000:.0f} kB\n"
