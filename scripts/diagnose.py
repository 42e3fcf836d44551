"""Measures what the document says of activations, on deep nets.

    python scripts/diagnose.py

Sigmoid nets from N(0, 1) and from Xavier: how many outputs are saturated, and what is left of the
gradient in the early layers. ReLU, leaky ReLU and ELU nets through one step at far too large a
rate: how many units fall silent on all images, and how many of them wake again. In --output_dir: a
figure for each claim, and diagnose.json with every run.
"""

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, flag_values

_DEPTHS = flags.DEFINE_list("depths", ["2", "8"], "Hidden layers of the sigmoid nets.")
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Of the sigmoid nets.", lower_bound=1)
_SHOCK_RATE = flags.DEFINE_float("shock_rate", 2.0, "Learning rate of the one large step.")
chapter_command.define_flags("diagnose")


def main():
    chapter_command.run(
        "diagnose",
        depths=flag_values.whole_numbers("depths", _DEPTHS.value),
        epochs=_EPOCHS.value,
        shock_rate=_SHOCK_RATE.value,
    )


if __name__ == "__main__":
    application.run(main)
