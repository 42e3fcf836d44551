"""Reuses layers that learned the digits 0 to 4 for 5 to 9, against training from scratch.

    python scripts/transfer.py

In --output_dir: transfer.png, test accuracy over the training steps and over the number of labelled
images with the 95 % interval over the seeds, and transfer.json with every run. That takes the
sample of MNIST that ships with the package; --data=tfds takes the whole set.
"""

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, flag_values

_KINDS = flags.DEFINE_list("kinds", ["dense", "conv"], "Nets: dense, conv or both.")
_REUSED = flags.DEFINE_integer("reused", 2, "How many of them are reused.", 1, 3)
_PER_CLASS = flags.DEFINE_integer("per_class", 100, "Labelled images of each digit.", 1)
_SIZES = flags.DEFINE_list("sizes", ["10"], "Other such numbers, for the curve over them.")
_STEPS = flags.DEFINE_integer("steps", 160, "Training steps of 50 images, a multiple of 20.", 1)
_RATE = flags.DEFINE_float("learning_rate", 0.03, "A tenth of it once all layers train.")
_BATCH_NORM = flags.DEFINE_bool("batch_norm", True, "Whether the hidden layers have it.")
_EPOCHS = flags.DEFINE_integer("source_epochs", 5, "Passes over the digits 0 to 4.", 1)
chapter_command.define_flags("transfer")


def main():
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
