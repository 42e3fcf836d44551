"""Where traces come from: recorded ones in files, or live ones from a TF1 graph."""

from importlib import resources
from pathlib import Path

import numpy as np

from tf_recipes._support import validation
from tf_recipes.parity import trace
from tf_recipes.parity.tf1 import interpreter

RECORDED = Path(str(resources.files("tf_recipes.parity") / "traces"))
MILESTONES = (1, 2, 5)


def trace_files(folder=RECORDED):
    """The traces in a folder, by name.

    Raises:
        TraceError: if there is no such folder, or no trace in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise trace.TraceError(f"{folder}: there is no such directory of traces.")
    # A hidden file is a recording that is under way.
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() == ".npz" and not path.name.startswith(".")
    )
    if not found:
        raise trace.TraceError(f"{folder}: holds no trace (*.npz).")
    return found


def names(path):
    """What a trace is called: its file's name without the ending, and its recipe's name."""
    try:
        return {path.stem, trace.load(path).recipe.name}
    except trace.TraceError:
        return {path.stem}


def batches(recipe, n):
    """Rows of a pool of `n`, int64 (steps, batch_size): epoch after epoch, each shuffled."""
    random = np.random.RandomState(recipe.seed % 2**32)
    wanted = recipe.steps * recipe.batch_size
    epochs = [random.permutation(n) for _ in range(-(-wanted // n))]
    return np.concatenate(epochs)[:wanted].reshape(recipe.steps, recipe.batch_size)


def milestones(steps):
    """1, 2, 5, 10, 20, 50, ... and the last step.

    >>> milestones(30)
    (1, 2, 5, 10, 20, 30)
    """
    decades = range(len(str(steps)))
    marks = {k * 10**decade for decade in decades for k in MILESTONES if k * 10**decade <= steps}
    return tuple(sorted(marks | {steps}))


def record(recipe, images, labels, tf1_python=None, steps=None, neighbours=1):
    """The arrays of a trace of `recipe`: on real TF 1.15, or as a graph in this TensorFlow.

    Args:
        recipe: a `Recipe`.
        images: uint8 (n, 784), the pool.
        labels: (n,).
        tf1_python: an interpreter with TensorFlow 1.15, or None for this TensorFlow.
        steps: after which steps to record the variables; None means `milestones`.
        neighbours: how many runs, each started one ulp away, the sensitivity is taken over.

    Raises:
        ValueError: for a recipe that TF1 refuses, or if there is no such step to record.
        TF1Error: if real TF 1.15 cannot be run.
    """
    marks = [step for step in steps or milestones(recipe.steps) if step <= recipe.steps]
    if not marks or min(marks) < 1:
        validation.fail(
            "The steps to record must be from 1 to the recipe's last.",
            f"{steps} of {recipe.steps}",
            "Name such steps, or none for 1, 2, 5, 10, ... and the last.",
        )
    job = recipe, images, labels, batches(recipe, len(images)), marks, neighbours
    if tf1_python is None:
        from tf_recipes.parity.tf1 import compat  # imports TensorFlow: real TF 1.15 needs none

        return {k: np.asarray(v) for k, v in compat.originals().record(*job).items()}
    return interpreter.record(tf1_python, *job)
