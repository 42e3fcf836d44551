"""Shares the contents of one directory between workers; only the chief reads and writes it.

So the other workers need neither the directory nor a file system in common with the chief.
"""

import contextlib
import json
import pathlib
from typing import TYPE_CHECKING, Any

from tf_recipes.training import checkpoint_file, directory
from tf_recipes.training.checkpoints import Checkpoint
from tf_recipes.training.directory import PathLike

if TYPE_CHECKING:
    from tf_recipes.distribution.job import Job
    from tf_recipes.distribution.single_process import SingleProcess


def open_directory(
    job: "Job | SingleProcess", output_dir: PathLike
) -> contextlib.AbstractContextManager[pathlib.Path]:
    """Returns `directory.locked` on the chief; on other workers a context with the path alone."""
    if job.is_chief:
        return directory.locked(output_dir)
    return contextlib.nullcontext(pathlib.Path(output_dir))


class NoCheckpoints:
    """Stands in for `checkpoints.Checkpoints` on a worker that writes no checkpoints."""

    def paths(self) -> list[pathlib.Path]:
        """Returns an empty list."""
        return []

    def newest(self) -> Checkpoint | None:
        """Returns None: this worker has no checkpoint."""
        return None

    def save(self, checkpoint: Checkpoint) -> str:
        """Writes nothing; returns a text for messages that name the checkpoint's path."""
        return "the chief's directory"


def share_checkpoint(
    job: "Job | SingleProcess", own_checkpoint: Checkpoint | None
) -> Checkpoint | None:
    """Returns the chief's newest checkpoint on every worker, or None if the chief has none.

    Args:
        job: a `distribution.job.Job`, or a `SingleProcess`.
        own_checkpoint: this worker's newest checkpoint, None on all workers but the chief.
    """
    if job.strategy is None:
        return own_checkpoint
    content = b""
    if own_checkpoint is not None:
        content = checkpoint_file.encoded(own_checkpoint.header, own_checkpoint.arrays)
    content = job.from_chief(content)
    if not content:
        return None
    header, arrays = checkpoint_file.decoded(content)
    return Checkpoint(arrays=arrays, **header)


def share_result(
    job: "Job | SingleProcess", own_result: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Returns the chief's result of a finished run on every worker, or None if there is none.

    Args:
        job: a `distribution.job.Job`, or a `SingleProcess`.
        own_result: the result in this worker's directory, None on all workers but the chief.
    """
    return json.loads(job.from_chief(json.dumps(own_result).encode()))
