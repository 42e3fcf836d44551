"""Finds recorded traces in files, and records traces from a live TF1 graph."""

import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import visible
from tf_recipes.parity import trace
from tf_recipes.parity.tf1 import interpreter
from tf_recipes.recipe import Recipe

RECORDED = Path(str(resources.files("tf_recipes.parity") / "traces"))
MILESTONES = (1, 2, 5)  # recorded steps, times each power of ten
STARTS = 8  # starts one ulp away, over which the sensitivities of a recorded trace are taken


def trace_files(trace_dir: str | os.PathLike[str] = RECORDED) -> list[Path]:
    """Returns the trace files in a directory and in those below, sorted by path.

    Raises:
        TraceError: if there is no such directory, or no trace in it.
    """
    folder, received = Path(trace_dir), f"trace_dir={visible(os.fspath(trace_dir))!r}"
    if not folder.is_dir():
        raise trace.TraceError(
            f"`trace_dir` must be a directory of traces. Received: {received}, which is none. "
            "Pass the directory that the traces were recorded to."
        )
    # A hidden file is a recording that is not finished.
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() == ".npz" and not path.name.startswith(".")
    )
    if not paths:
        raise trace.TraceError(
            f"`trace_dir` must hold traces (*.npz). Received: {received}, which holds no trace. "
            "Record traces to it, or pass another directory."
        )
    return paths


def names(path: Path) -> set[str]:
    """Returns the names of a trace: the file's name without its ending, and the recipe's name."""
    try:
        return {path.stem, trace.load_recipe(path).name}
    except trace.TraceError:
        return {path.stem}


def batches(recipe: Recipe, n: int) -> NDArray[np.int64]:
    """Returns rows of a pool of `n` images, int64 (steps, batch_size).

    The rows go through the pool epoch after epoch, each epoch in its own random order.
    """
    random = np.random.RandomState(recipe.seed % 2**32)
    count = recipe.steps * recipe.batch_size
    epochs = [random.permutation(n) for _ in range(-(-count // n))]
    return np.concatenate(epochs)[:count].reshape(recipe.steps, recipe.batch_size)


def milestones(steps: int) -> tuple[int, ...]:
    """Returns 1, 2, 5, 10, 20, 50, ... up to `steps`, and `steps`.

    >>> milestones(30)
    (1, 2, 5, 10, 20, 30)
    """
    decades = range(len(str(steps)))
    marks = {k * 10**decade for decade in decades for k in MILESTONES if k * 10**decade <= steps}
    return tuple(sorted(marks | {steps}))


def steps_to_record(recipe: Recipe, recorded_steps: Sequence[int] | None) -> list[int]:
    """Returns the steps after which a trace of `recipe` has the variables.

    Args:
        recipe: a `Recipe`.
        recorded_steps: as that of `record`.

    Raises:
        ValueError: if a step is below 1, or none is among the recipe's.
    """
    last = recipe.steps
    marks = [step for step in recorded_steps or milestones(last) if step <= last]
    if not marks or min(marks) < 1:
        validation.fail(
            f"The steps to record must be from 1 to the recipe's last, here {last}.",
            f"recorded_steps={','.join(map(str, recorded_steps or ()))}",
            f"Pass steps from 1 to {last}, or none for 1, 2, 5, 10, ... and the last step.",
        )
    return sorted({*marks, last})


def record(
    recipe: Recipe,
    images: NDArray[np.uint8],
    labels: ArrayLike,
    tf1_python: str | os.PathLike[str] | None = None,
    recorded_steps: Sequence[int] | None = None,
    neighbours: int = 1,
) -> dict[str, NDArray[Any]]:
    """Records a trace of `recipe` on real TF 1.15, or as a TF1 graph in this TensorFlow.

    Args:
        recipe: a `Recipe`.
        images: uint8 (n, 784), the pool.
        labels: (n,).
        tf1_python: an interpreter with TensorFlow 1.15, or None for this TensorFlow.
        recorded_steps: the steps after which the variables are recorded; None or empty means
            `milestones`. Those after the recipe's last are left out; the last is always recorded.
        neighbours: number of runs, each started one ulp away; the sensitivity is the largest
            drift of these runs.

    Returns:
        The arrays of the trace by name.

    Raises:
        ValueError: for a recipe that TF1 refuses, or if there is no such step to record.
        TF1Error: if real TF 1.15 cannot be run.
    """
    marks = steps_to_record(recipe, recorded_steps)
    rows = batches(recipe, len(images))
    if tf1_python is None:
        from tf_recipes.parity.tf1 import compat  # imports TensorFlow: real TF 1.15 needs none

        recorded = compat.originals().record(recipe, images, labels, rows, marks, neighbours)
        return {name: np.asarray(value) for name, value in recorded.items()}
    return interpreter.record(tf1_python, recipe, images, labels, rows, marks, neighbours)
