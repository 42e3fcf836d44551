"""Refuses sizes that this machine cannot hold or finish, before TensorFlow is imported.

The estimates are lower bounds: what is refused cannot work, and what is not refused may still be
too large.
"""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from tf_recipes._support import validation
from tf_recipes.recipe import N_INPUTS, N_OUTPUTS, Recipe

HOURS = 4  # the longest time of a command that cannot go on where it was ended
TRAINING_HOURS = 31 * 24  # the longest time of a training, which can
PROCESS_SECONDS = 0.5  # the shortest time of a process that trains, a copy of another one
STEP_SECONDS = 1e-4  # the shortest time of a step of the smallest net, in TF1 or in Keras
_OPERATIONS = 2e11  # additions and multiplications a second that a processor has at most, about
_CGROUP = Path("/sys/fs/cgroup/memory.max")  # the limit of a container, where there is one
_PROCESS = 2 * 10**8  # bytes of a process that has imported TensorFlow


def memory() -> int:
    """Returns the bytes of memory that this machine, or the container around it, has."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(_CGROUP.read_text()))
    except (OSError, ValueError):
        return whole


def check_memory(field: str, value: object, needed: float, what: str) -> None:
    """Checks that `needed` bytes fit into the memory.

    Args:
        field: the argument that needs the memory, for the error.
        value: its value.
        needed: number of bytes.
        what: what needs the bytes, such as "weights and gradients".

    Raises:
        ValueError: if the memory is smaller.
    """
    has = memory()
    if needed > has:
        validation.fail(
            f"`{field}` must fit into the memory of this machine, {_bytes(has)}.",
            f"{field}={_shown(value)}, which needs at least {_bytes(needed)} for {what}",
            f"Pass a smaller value of `{field}`.",
        )


def check_net(
    hidden: Sequence[int],
    batch_size: int,
    replicas: int = 1,
    item_bytes: int = 4,
    names: tuple[str, str] = ("hidden", "batch_size"),
) -> None:
    """Checks that a net, its gradients and a batch fit into the memory.

    Args:
        hidden: units of the hidden layers.
        batch_size: images of a step, of all replicas together.
        replicas: copies of the net.
        item_bytes: bytes of a number.
        names: of the arguments `hidden` and `batch_size`, for the error.

    Raises:
        ValueError: if the memory is smaller.
    """
    net = 2 * item_bytes * parameters(hidden)
    check_memory(names[0], list(hidden), net, "weights and gradients")
    rows = item_bytes * batch_size * (N_INPUTS + sum(hidden))
    check_memory(names[1], batch_size, rows, "the images and the layers' outputs of one batch")
    check_memory("replicas", replicas, replicas * net, "the weights and gradients of each replica")


def check_steps(
    field: str,
    value: int,
    steps: int,
    hidden: Sequence[int] = (),
    batch_size: int = 1,
    runs: int = 1,
    hours: int = HOURS,
) -> None:
    """Checks that so many steps can end within `hours`.

    Args:
        field: the argument, for the error.
        value: its value.
        steps: steps of one run.
        hidden: units of the hidden layers.
        batch_size: images of a step.
        runs: trainings of so many steps, one after the other.
        hours: the longest time.

    Raises:
        ValueError: if the steps take longer.
    """
    operations = 6 * parameters(hidden) * batch_size if hidden else 0
    each = steps * max(STEP_SECONDS, operations / _OPERATIONS)
    check_time(field, value, runs * each, hours, f" in {runs} runs" if runs > 1 else "")


def check_time(field: str, value: int, seconds: float, hours: int = HOURS, where: str = "") -> None:
    """Checks that work of at least `seconds` can end within `hours`.

    Args:
        field: the argument that the time grows with, for the error.
        value: its value.
        seconds: the least time of the work.
        hours: the longest time.
        where: words that follow the value in the error.

    Raises:
        ValueError: if the work takes longer.
    """
    if seconds > hours * 3600:
        validation.fail(
            f"`{field}` must be few enough to end within {hours} hours.",
            f"{field}={value}{where}, at least {seconds / 3600:,.1f} hours",
            f"Pass a smaller value of `{field}`.",
        )


def check_epochs(field: str, epochs: int, recipe: Recipe, images: int) -> None:
    """Checks that a training of so many epochs can end within `TRAINING_HOURS`.

    Args:
        field: the argument that gives the epochs, for the error.
        epochs: passes over the images.
        recipe: a `Recipe`.
        images: the number of training images.
    """
    steps = epochs * -(-images // recipe.batch_size)
    size = recipe.hidden, recipe.batch_size
    check_steps(field, epochs, steps, *size, hours=TRAINING_HOURS)


def check_recipe(recipe: Recipe, replicas: int = 1) -> None:
    """Checks that a recipe's net and batch fit into the memory, on each of `replicas`."""
    item_bytes = 8 if recipe.dtype == "float64" else 4
    check_net(recipe.hidden, recipe.batch_size, replicas, item_bytes)


def check_live(recipe: Recipe) -> None:
    """Checks that TF1's graph and the ports can train a recipe's steps in memory and in time.

    The run and its neighbour one ulp away train on TF1, and at least one port trains.
    """
    check_recipe(recipe)
    rows = 8 * recipe.steps * recipe.batch_size
    check_memory("steps", recipe.steps, rows, "the numbers of the images of every step")
    check_steps("steps", recipe.steps, recipe.steps, recipe.hidden, recipe.batch_size, runs=3)


def check_workers(workers: int) -> None:
    """Checks that so many processes with TensorFlow fit into the memory."""
    check_memory("workers", workers, _PROCESS * workers, "a process of each worker")


def parameters(hidden: Sequence[int]) -> int:
    """Returns the number of weights and biases of a net for MNIST.

    >>> parameters([300, 100])
    266610
    """
    sizes = [N_INPUTS, *hidden, N_OUTPUTS]
    return sum((left + 1) * right for left, right in itertools.pairwise(sizes))


def _bytes(count: float) -> str:
    for unit in ("MB", "GB", "TB"):
        count /= 1e6 if unit == "MB" else 1e3
        if count < 1000:
            break
    return f"{count:,.1f} {unit}"


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
