"""Compares reusing layers trained on the digits 0 to 4 for 5 to 9 with training from scratch.

    python scripts/transfer.py

The script writes to --output_dir: transfer.png, test accuracy over the training steps and over the
number of labelled images with the 95 % interval over the seeds; transfer.json, every run. It uses
the MNIST sample that ships with the package; with --data=tfds it uses the whole set.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, flag_values

_KINDS = flags.DEFINE_list("kinds", ["dense", "conv"], "Nets: dense, conv or both.")
_REUSED = flags.DEFINE_integer("reused", 2, "Number of hidden layers to reuse.", 1, 3)
_PER_CLASS = flags.DEFINE_integer("per_class", 100, "Labelled images of each digit.", 1)
_SIZES = flags.DEFINE_list("sizes", ["10"], "More numbers of labelled images of each digit.")
_STEPS = flags.DEFINE_integer("steps", 160, "Training steps of 50 images, a multiple of 20.", 1)
_RATE = flags.DEFINE_float("learning_rate", 0.03, "Learning rate; one tenth after unfreezing.")
_BATCH_NORM = flags.DEFINE_bool("batch_norm", True, "Use batch normalization in the hidden layers.")
_EPOCHS = flags.DEFINE_integer("source_epochs", 5, "Epochs on the digits 0 to 4.", 1)
chapter_command.define_flags("transfer")


def main():
    """Measures with the flags' nets and settings."""
    chapter_command.run(
        "transfer",
        kinds=_KINDS.value,
        reused=_REUSED.value,
        per_class=_PER_CLASS.value,
        sizes=flag_values.whole_numbers("sizes", _SIZES.value),
        steps=_STEPS.value,
        learning_rate=_RATE.value,
        batch_norm=_BATCH_NORM.value,
        source_epochs=_EPOCHS.value,
    )


if __name__ == "__main__":
    application.run(main)
