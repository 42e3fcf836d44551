"""Finds a learning rate with a range test, and compares a low, a high and a decaying one.

    python scripts/learning_rate.py

In --output_dir: learning_rate.png, the loss over the rising rate with the suggested one, and the
error over the epochs at four rates with the 95 % interval over the seeds; and learning_rate.json
with every run. That takes the sample of MNIST that ships with the package; --data=tfds takes the
whole set.
"""

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application

_EPOCHS = flags.DEFINE_integer("epochs", 10, "Passes over the images.", lower_bound=1)
_TARGET = flags.DEFINE_float("target_accuracy", 0.9, "Validation accuracy to reach, in (0, 1).")
chapter_command.define_flags("learning_rate")


def main():
    chapter_command.run("learning_rate", epochs=_EPOCHS.value, target_accuracy=_TARGET.value)


if __name__ == "__main__":
    application.run(main)
