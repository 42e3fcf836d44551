"""Writes TensorBoard's logs of a run from its history."""

import os
import pathlib
from collections.abc import Mapping, Sequence

from tf_recipes.training.event_file import EventFile


class Logs:
    """Writes one event per epoch and metric to `train` and `validation`, with Keras' tags.

    The events of an earlier process are replaced by those of the history, so that no event is
    damaged, missing or written twice. Only their wall times change. They are removed once the new
    ones are written.

    Args:
        folder: the directory of the logs.
        history: `{metric: a list with one figure per epoch}` so far; the names of validation
            metrics begin with `val_`.
    """

    def __init__(
        self, folder: str | os.PathLike[str], history: Mapping[str, Sequence[float]]
    ) -> None:
        self._folder = pathlib.Path(folder)
        earlier = list(self._folder.glob("*/events.out.tfevents.*"))
        self._files: dict[str, EventFile] = {}
        for epoch in range(len(next(iter(history.values()), []))):
            self.add(epoch, {key: values[epoch] for key, values in history.items()})
        for events in earlier:
            events.unlink(missing_ok=True)

    def add(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Writes the figures of one epoch, `{metric: figure}`.

        Raises:
            OSError: if they cannot be written.
        """
        try:
            self._add(epoch, figures)
        except OSError as error:
            raise OSError(
                f"TensorBoard's logs could not be written to {self._folder}: "
                f"{error.strerror or error}. "
                "The checkpoints are complete. Free some space, then the same command goes on."
            ) from error

    def _add(self, epoch: int, figures: Mapping[str, float]) -> None:
        for key, value in figures.items():
            split = "validation" if key.startswith("val_") else "train"
            self._file(split).add(f"epoch_{key.removeprefix('val_')}", value, epoch)
        for each in self._files.values():
            each.flush()

    def close(self) -> None:
        """Closes the log files."""
        for each in self._files.values():
            each.close()

    def _file(self, split: str) -> EventFile:
        if split not in self._files:
            self._files[split] = EventFile(self._folder / split)
        return self._files[split]
