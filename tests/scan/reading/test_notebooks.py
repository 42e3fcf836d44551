"""Tests how notebooks are read."""

import json

import pytest

from tf_recipes.scan.reading import notebooks


def notebook(*cells, **metadata):
    made = [{"cell_type": "code", "source": each} for each in cells]
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4})


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%matplotlib inline\nx", "pass\nx"),
        ("if x:\n    %time f()\n", "if x:\n    pass\n"),
        ("!pip install x", "pass"),
        ("y = !ls", "y = None"),
        ("y = %timeit -o f()", "y = None"),
        ("tf.nn.relu?", "pass"),
        ("?f", "pass"),
        ("%%bash\nls\n", "\n\n"),
        ("%%time\nf()", "pass\nf()"),
        ("x = (a\n  % b)", "x = (a\n  % b)"),
        ("x = a % b", "x = a % b"),
    ],
)
def test_magics(cell, code):
    assert notebooks.without_magics(cell) == code


def test_cells_and_lines():
    text = json.dumps(
        {
            "cells": [
                {"cell_type": "markdown", "source": "# a"},
                {"cell_type": "code", "source": ["a\n", "b"]},
                {"cell_type": "code", "source": "c"},
            ]
        }
    )
    read = notebooks.read(text)
    assert read.source == "a\nb\nc"
    assert read.places == [(2, 1), (2, 2), (3, 1)]


def test_old_notebooks_and_other_languages():
    cell = {"cell_type": "code", "input": ["x"]}
    assert notebooks.read(json.dumps({"worksheets": [{"cells": [cell]}]})).source == "x"
    assert notebooks.read(notebook("x", kernelspec={"language": "R"})).source == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": [1]}', '{"cells": [{}]}', "[" * 9000])
def test_what_is_no_notebook(text):
    with pytest.raises(notebooks.NotebookError, match="it is not a notebook"):
        notebooks.read(text)
