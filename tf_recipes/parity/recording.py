"""Records traces on real TF 1.15 into a directory, one file each."""

from rich.progress import track

from tf_recipes._support import files
from tf_recipes._support.terminal import Terminal
from tf_recipes.parity import references, trace
from tf_recipes.parity.tf1 import interpreter


def record_all(python, recipes, pool, folder, steps=()):
    """Records each recipe as `folder/NAME.npz`, and reads it back to see that it is complete.

    Args:
        python: an interpreter with TensorFlow 1.15.
        recipes: `Recipe`s.
        pool: images uint8 (n, 784) and labels (n,).
        folder: made if need be.
        steps: after which steps to record the variables; empty means `references.milestones`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    console = Terminal()
    for recipe in track(recipes, "recording", console=console, disable=not console.is_terminal):
        arrays = references.record(recipe, *pool, python, steps)
        path = folder / f"{recipe.name}.npz"
        trace.from_arrays(arrays, source=str(path))
        trace.save(path, arrays)
        size = f"{path.stat().st_size / 1e3:.0f} kB"
        console.print(f"{path}: {size}", markup=False, highlight=False, soft_wrap=True)


def record_distributions(python, path):
    """Writes what TF1's initialisers and dropout draw: statistics, not a trace."""
    with files.replacing(path) as partial:
        interpreter.run_module(python, "runners.draws", [partial])
