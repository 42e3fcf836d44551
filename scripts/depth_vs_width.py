"""Trains deep narrow and shallow wide nets of as many parameters, and compares them.

    python scripts/depth_vs_width.py

In --output_dir: depth_vs_width.png, test accuracy and training time over the number of hidden
layers with the 95 % interval over the seeds, and depth_vs_width.json with every run. That takes the
sample of MNIST that ships with the package; --data=tfds takes the whole set.
"""

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, flag_values

_DEPTHS = flags.DEFINE_list("depths", ["1", "2", "3", "5", "8"], "Hidden layers of each net.")
_BUDGET = flags.DEFINE_integer("budget", 100_000, "Weights and biases of each net.", 1)
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Passes over the images.", lower_bound=1)
chapter_command.define_flags("depth_vs_width")


def main():
    chapter_command.run(
        "depth_vs_width",
        depths=flag_values.whole_numbers("depths", _DEPTHS.value),
        budget=_BUDGET.value,
        epochs=_EPOCHS.value,
    )


if __name__ == "__main__":
    application.run(main)
