"""Hands a net's features to an SVM and a logistic regression, and compares them with the net.

    python scripts/features.py

In --output_dir: features.png, test accuracy on the pixels and on what each hidden layer gives out
with the 95 % interval over the seeds, and features.json with every run. That takes the sample of
MNIST that ships with the package; --data=tfds takes the whole set. It needs scikit-learn:

    python -m pip install --editable '.[sklearn]'
"""

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, flag_values

_HIDDEN = flags.DEFINE_list("hidden", ["300", "100"], "Units of the hidden layers.")
_COSTS = flags.DEFINE_multi_float(
    "C", [0.01, 0.1, 1.0], "Weights of the loss to choose from; give it once for each."
)
_EPOCHS = flags.DEFINE_integer("epochs", 20, "Passes of the net over the images.", lower_bound=1)
chapter_command.define_flags("features")


def main():
    chapter_command.run(
        "features",
        hidden=flag_values.whole_numbers("hidden", _HIDDEN.value),
        costs=_COSTS.value,
        epochs=_EPOCHS.value,
    )


if __name__ == "__main__":
    application.run(main)
