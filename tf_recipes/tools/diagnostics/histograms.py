"""Writes TensorBoard's histograms of gradients and activations."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence

import keras
import tensorflow as tf


class Histograms:
    """Writes the measurements of `GradientMonitor` for TensorBoard.

    Args:
        log_dir: str or `os.PathLike`, the directory; the events go into `log_dir/diagnostics`.

    Raises:
        OSError: if the directory cannot be written to.
    """

    def __init__(self, log_dir: str | os.PathLike[str]) -> None:
        self._log_dir = f"{log_dir}/diagnostics"
        with self._as_oserror():
            self._writer = tf.summary.create_file_writer(self._log_dir)

    def write(
        self,
        step: int,
        figures: Mapping[str, float],
        watched: Mapping[str, keras.layers.Layer],
        gradients: Mapping[int, tf.Tensor],
        outputs: Mapping[str, Sequence[tf.Tensor]],
    ) -> None:
        """Writes scalars, and a histogram of each gradient and of each layer's outputs.

        Args:
            step: int.
            figures: `{"layer/figure": float}`.
            watched: `{name: layer}`.
            gradients: `{id of a weight: tensor}`.
            outputs: `{name: [tensor]}`.

        Raises:
            OSError: if the events cannot be written.
        """
        with self._as_oserror(), self._writer.as_default(step):
            for name, value in figures.items():
                tf.summary.scalar(name, value)
            for name, layer in watched.items():
                for weight in layer.trainable_variables:
                    if id(weight) in gradients:
                        gradient = gradients[id(weight)]
                        tf.summary.histogram(f"{name}/{weight.name}/gradient", gradient)
                for output in outputs[name]:
                    tf.summary.histogram(f"{name}/activation", output)
            self._writer.flush()

    @contextlib.contextmanager
    def _as_oserror(self) -> Iterator[None]:
        """Turns TensorFlow's errors inside the block into an `OSError` with a remedy."""
        try:
            yield
        except tf.errors.OpError as error:
            raise OSError(
                f"TensorBoard's histograms could not be written to {self._log_dir}: "
                f"{error.message}. Free disk space, or pass another log_dir."
            ) from error
