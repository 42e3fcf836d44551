"""Trains deep narrow and shallow wide nets with equally many parameters, and compares them.

    python scripts/depth_vs_width.py

The script writes to --output_dir: depth_vs_width.png, test accuracy and training time over the
number of hidden layers with the 95 % interval over the seeds; depth_vs_width.json, every run. It
uses the MNIST sample that ships with the package; with --data=tfds it uses the whole set.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, flag_values

_DEPTHS = flags.DEFINE_list(
    "depths", ["1", "2", "3", "5", "8"], "Number of hidden layers of each net."
)
_BUDGET = flags.DEFINE_integer(
    "budget", 100_000, "Number of weights and biases of each net, about.", 1
)
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Epochs of each training.", lower_bound=1)
chapter_command.define_flags("depth_vs_width")


def main():
    """Measures the depths of the flags."""
    chapter_command.run(
        "depth_vs_width",
        depths=flag_values.whole_numbers("depths", _DEPTHS.value),
        budget=_BUDGET.value,
        epochs=_EPOCHS.value,
    )


if __name__ == "__main__":
    application.run(main)
