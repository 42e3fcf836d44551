"""What the workers of a job share of one directory, which only the chief reads and writes.

So the others need neither the directory nor a file system that they share with the chief.
"""

import contextlib
import json
import pathlib

from tf_recipes.training import checkpoint_file, directory
from tf_recipes.training.checkpoints import Checkpoint


def directory_of(job, output_dir):
    """`directory.alone` for the chief; for the others the path alone, to speak of."""
    if job.is_chief:
        return directory.alone(output_dir)
    return contextlib.nullcontext(pathlib.Path(output_dir))


class Elsewhere:
    """In place of `checkpoints.Checkpoints`, for a worker that writes none."""

    def paths(self):
        return []

    def newest(self):
        return None

    def save(self, checkpoint):
        return "the chief's directory"


def checkpoint(job, found):
    """The chief's newest checkpoint on every worker, or None."""
    if job.strategy is None:
        return found
    content = b"" if found is None else checkpoint_file.encoded(found.header, found.arrays)
    content = job.from_chief(content)
    if not content:
        return None
    header, arrays = checkpoint_file.decoded(content)
    return Checkpoint(arrays=arrays, **header)


def result(job, found):
    """The chief's result of a finished run on every worker, or None."""
    return json.loads(job.from_chief(json.dumps(found).encode()))
