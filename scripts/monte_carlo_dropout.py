"""Compares a net with dropout with the average of its sub-networks, and tests its uncertainty.

    python scripts/monte_carlo_dropout.py

In --output_dir: monte_carlo_dropout.png, test accuracy and negative log-likelihood over the number
of sub-networks averaged, beside the plain prediction; monte_carlo_uncertainty.png, accuracy on the
surest test images, and the entropy of right and wrong predictions; each with the 95 % interval over
the seeds; monte_carlo_dropout.json with every run. That takes the sample of MNIST that ships with
the package; --data=tfds takes the whole set.
"""

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application

_KEEP_PROB = flags.DEFINE_float("keep_prob", 0.5, "Share of inputs and hidden units kept.")
_EPOCHS = flags.DEFINE_integer("epochs", 20, "Passes over the images.", lower_bound=1)
_SAMPLES = flags.DEFINE_integer("samples", 100, "Sub-networks to average at most.")
chapter_command.define_flags("monte_carlo_dropout")


def main():
    chapter_command.run(
        "monte_carlo_dropout",
        keep_prob=_KEEP_PROB.value,
        epochs=_EPOCHS.value,
        samples=_SAMPLES.value,
    )


if __name__ == "__main__":
    application.run(main)
