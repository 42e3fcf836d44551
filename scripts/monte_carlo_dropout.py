"""Compares a dropout net's prediction with the average of its sub-networks, and its uncertainty.

    python scripts/monte_carlo_dropout.py

The script writes to --output_dir: monte_carlo_dropout.png, accuracy and negative log-likelihood
over the number of averaged sub-networks, beside the plain prediction; monte_carlo_uncertainty.png,
accuracy on the test images with the lowest uncertainty, and the entropy of right and wrong
predictions; monte_carlo_dropout.json, every run. Both figures have the 95 % interval over the
seeds. The script uses the MNIST sample that ships with the package; with --data=tfds it uses the
whole set.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application

_KEEP_PROB = flags.DEFINE_float(
    "keep_prob", 0.5, "Share of inputs and hidden units that dropout keeps."
)
_EPOCHS = flags.DEFINE_integer("epochs", 20, "Epochs of each training.", lower_bound=1)
_SAMPLES = flags.DEFINE_integer("samples", 100, "Largest number of sub-networks to average.")
chapter_command.define_flags("monte_carlo_dropout")


def main():
    """Measures with the flags' settings."""
    chapter_command.run(
        "monte_carlo_dropout",
        keep_prob=_KEEP_PROB.value,
        epochs=_EPOCHS.value,
        samples=_SAMPLES.value,
    )


if __name__ == "__main__":
    application.run(main)
