"""Records traces on real TF 1.15 into a directory, one file for each recipe."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tf_recipes._support import files
from tf_recipes.parity import references, trace
from tf_recipes.parity.tf1 import interpreter
from tf_recipes.recipe import Recipe


def record_all(
    python: str | os.PathLike[str],
    recipes: Iterable[Recipe],
    pool: tuple[NDArray[Any], NDArray[Any]],
    folder: str | os.PathLike[str],
    recorded_steps: Sequence[int] = (),
    on_saved: Callable[[Path], None] | None = None,
) -> None:
    """Records each recipe as `folder/NAME.npz`, and checks that each trace is complete.

    The sensitivities are taken over `references.STARTS` starts. An older file stays until the new
    one is whole.

    Args:
        python: an interpreter with TensorFlow 1.15.
        recipes: the recipes to record.
        pool: images uint8 (n, 784) and labels (n,).
        folder: directory for the traces; a missing directory is made.
        recorded_steps: as that of `references.record`.
        on_saved: called with the path of each trace, once the trace is written.

    Raises:
        ValueError: for a recipe that TF1 refuses, or if there is no such step to record.
        TF1Error: if real TF 1.15 cannot be run.
        OSError: if a file cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for recipe in recipes:
        arrays = references.record(recipe, *pool, python, recorded_steps, references.STARTS)
        path = folder / f"{recipe.name}.npz"
        trace.from_arrays(arrays, source=str(path))
        trace.save(path, arrays)
        if on_saved is not None:
            on_saved(path)


def record_distributions(python: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Records statistics of what TF1's initialisers and dropout draw, as one `.npz` file.

    Args:
        python: an interpreter with TensorFlow 1.15.
        path: the file; an older one is replaced.

    Raises:
        TF1Error: if real TF 1.15 cannot be run.
        OSError: if the file cannot be written.
    """
    with files.replacing(path) as partial:
        interpreter.run_module(python, "runners.draws", [partial])
