"""TensorBoard's logs of a run, from its history."""

import pathlib

import tensorflow as tf


class Logs:
    """Events per epoch under `train` and `validation`, with the tags of Keras' own callback.

    The history is what counts: the events of an earlier process are replaced by the history's, so
    that none is torn, missing or there twice. Only their wall times are those of the replacement.

    Args:
        folder: where to write.
        history: `{metric: one figure per epoch}` so far; `val_` marks validation's.
    """

    def __init__(self, folder, history):
        self._folder = pathlib.Path(folder)
        for events in self._folder.glob("*/events.out.tfevents.*"):
            events.unlink()
        self._writers = {}
        for epoch in range(len(next(iter(history.values()), []))):
            self.add(epoch, {key: values[epoch] for key, values in history.items()})

    def add(self, epoch, figures):
        """Writes one epoch's figures, a dict.

        Raises:
            OSError: if they cannot be written.
        """
        try:
            self._add(epoch, figures)
        except tf.errors.OpError as error:
            raise OSError(
                f"TensorBoard's logs could not be written to {self._folder}: {error.message}. "
                "The checkpoints are whole: make room, then the same command goes on."
            ) from error

    def _add(self, epoch, figures):
        for key, value in figures.items():
            split = "validation" if key.startswith("val_") else "train"
            with self._writer(split).as_default():
                tf.summary.scalar(f"epoch_{key.removeprefix('val_')}", value, step=epoch)
        for writer in self._writers.values():
            writer.flush()

    def close(self):
        for writer in self._writers.values():
            writer.close()

    def _writer(self, split):
        if split not in self._writers:
            self._writers[split] = tf.summary.create_file_writer(str(self._folder / split))
        return self._writers[split]
