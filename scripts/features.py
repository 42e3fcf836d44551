"""Trains an SVM and a logistic regression on a net's features, and compares them with the net.

    python scripts/features.py

The script writes to --output_dir: features.png, test accuracy on the pixels and on the outputs of
each hidden layer with the 95 % interval over the seeds; features.json, every run. It uses the MNIST
sample that ships with the package; with --data=tfds it uses the whole set. It needs scikit-learn:

    python -m pip install --editable '.[sklearn]'
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, flag_values

_HIDDEN = flags.DEFINE_list(
    "hidden", ["300", "100"], "Units of the hidden layers, two layers or more."
)
_COSTS = flags.DEFINE_multi_float(
    "C",
    [0.01, 0.1, 1.0],
    "A candidate for the weight C of the loss; repeat the flag for each candidate.",
)
_EPOCHS = flags.DEFINE_integer("epochs", 20, "Epochs of the net.", lower_bound=1)
chapter_command.define_flags("features")


def main():
    """Measures with the flags' net and candidates for C."""
    chapter_command.run(
        "features",
        hidden=flag_values.whole_numbers("hidden", _HIDDEN.value),
        costs=_COSTS.value,
        epochs=_EPOCHS.value,
    )


if __name__ == "__main__":
    application.run(main)
