"""Records traces with a progress bar, and prints a line for each file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from rich.progress import track

from tf_recipes._support.terminal import Terminal
from tf_recipes.cli.output_files import check_output_directory
from tf_recipes.parity import recording, references
from tf_recipes.recipe import Recipe


def record(
    python: str | os.PathLike[str],
    recipes: Sequence[Recipe],
    pool: tuple[NDArray[Any], NDArray[Any]],
    folder: str | os.PathLike[str],
    recorded_steps: Sequence[int] = (),
) -> None:
    """Records each recipe as `folder/NAME.npz`, and prints the path and size of each file.

    Args: as those of `tf_recipes.parity.recording.record_all`.

    Raises:
        UsageError: for a folder that cannot be written to, before anything is recorded.
        ValueError, TF1Error, OSError: as `record_all`; for a step that a recipe does not have,
            before anything is recorded.
    """
    for recipe in recipes:
        references.steps_to_record(recipe, recorded_steps)
    check_output_directory("output_dir", os.fspath(folder))
    console = Terminal()

    def print_size(path: Path) -> None:
        size = f"{path.stat().st_size / 1e3:.0f} kB"
        console.print(f"{path}: {size}", markup=False, highlight=False, soft_wrap=True)

    shown = track(recipes, "recording", console=console, disable=not console.is_terminal)
    recording.record_all(python, shown, pool, folder, recorded_steps, on_saved=print_size)
