"""Finds recorded traces in files, and records traces from a live TF1 graph."""

import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tf_recipes._support import validation
from tf_recipes.parity import trace
from tf_recipes.parity.tf1 import interpreter
from tf_recipes.recipe import Recipe

RECORDED = Path(str(resources.files("tf_recipes.parity") / "traces"))
MILESTONES = (1, 2, 5)  # recorded steps, times each power of ten


def trace_files(folder: str | os.PathLike[str] = RECORDED) -> list[Path]:
    """Returns the trace files in a folder and in the folders below, sorted by path.

    Raises:
        TraceError: if there is no such folder, or no trace in the folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise trace.TraceError(f"{folder}: there is no such directory of traces.")
    # A hidden file is a recording that is not finished.
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() == ".npz" and not path.name.startswith(".")
    )
    if not paths:
        raise trace.TraceError(f"{folder}: holds no trace (*.npz).")
    return paths


def names(path: Path) -> set[str]:
    """Returns the names of a trace: the file's name without its ending, and the recipe's name."""
    try:
        return {path.stem, trace.load(path).recipe.name}
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


def record(
    recipe: Recipe,
    images: NDArray[np.uint8],
    labels: ArrayLike,
    tf1_python: str | os.PathLike[str] | None = None,
    steps: Sequence[int] | None = None,
    neighbours: int = 1,
) -> dict[str, NDArray[Any]]:
    """Records a trace of `recipe` on real TF 1.15, or as a TF1 graph in this TensorFlow.

    Args:
        recipe: a `Recipe`.
        images: uint8 (n, 784), the pool.
        labels: (n,).
        tf1_python: an interpreter with TensorFlow 1.15, or None for this TensorFlow.
        steps: after which steps to record the variables; None or empty means `milestones`.
        neighbours: number of runs, each started one ulp away; the sensitivity is the largest
            drift of these runs.

    Returns:
        The arrays of the trace by name.

    Raises:
        ValueError: for a recipe that TF1 refuses, or if there is no such step to record.
        TF1Error: if real TF 1.15 cannot be run.
    """
    marks = [step for step in steps or milestones(recipe.steps) if step <= recipe.steps]
    if not marks or min(marks) < 1:
        validation.fail(
            "The steps to record must be from 1 to the recipe's last.",
            f"{steps} of {recipe.steps}",
            "Pass such steps, or none for 1, 2, 5, 10, ... and the last step.",
        )
    rows = batches(recipe, len(images))
    if tf1_python is None:
        from tf_recipes.parity.tf1 import compat  # imports TensorFlow: real TF 1.15 needs none

        recorded = compat.originals().record(recipe, images, labels, rows, marks, neighbours)
        return {name: np.asarray(value) for name, value in recorded.items()}
    return interpreter.record(tf1_python, recipe, images, labels, rows, marks, neighbours)
