"""Finds a learning rate with a range test, and compares low, high and decaying learning rates.

    python scripts/learning_rate.py

The script writes to --output_dir: learning_rate.png, the loss over the rising rate with the
suggested rate, and the error over the epochs at four rates with the 95 % interval over the seeds;
learning_rate.json, every run. It uses the MNIST sample that ships with the package; with
--data=tfds it uses the whole set.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application

_EPOCHS = flags.DEFINE_integer("epochs", 10, "Epochs of each training.", lower_bound=1)
_TARGET = flags.DEFINE_float("target_accuracy", 0.9, "Validation accuracy to reach, in (0, 1).")
chapter_command.define_flags("learning_rate")


def main():
    """Measures with the flags' epochs and target."""
    chapter_command.run("learning_rate", epochs=_EPOCHS.value, target_accuracy=_TARGET.value)


if __name__ == "__main__":
    application.run(main)
