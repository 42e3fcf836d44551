"""TensorBoard's histograms of gradients and activations."""

import contextlib

import tensorflow as tf


class Histograms:
    """Writes one look of `GradientMonitor` for TensorBoard.

    Args:
        log_dir: the directory; the events go into `log_dir/diagnostics`.
    """

    def __init__(self, log_dir):
        self._log_dir = f"{log_dir}/diagnostics"
        with self._as_oserror():
            self._writer = tf.summary.create_file_writer(self._log_dir)

    def write(self, step, figures, watched, gradients, outputs):
        """Writes scalars, and a histogram of each gradient and of each layer's outputs.

        Args:
            step: int.
            figures: `{"layer/figure": float}`.
            watched: `{name: layer}`.
            gradients: `{id of a weight: tensor}`.
            outputs: `{name: [tensor]}`.

        Raises:
            OSError: if they cannot be written.
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
    def _as_oserror(self):
        try:
            yield
        except tf.errors.OpError as error:
            raise OSError(
                f"TensorBoard's histograms could not be written to {self._log_dir}: "
                f"{error.message}. Make room, or name another log_dir."
            ) from error
