"""Measures the chapter's claims about activations, on deep nets.

    python scripts/diagnose.py

Part 1 trains sigmoid nets that are initialised from N(0, 1) or by Xavier, and measures how many
outputs are saturated and how small the gradient of the early layers is. Part 2 takes one step at
far too large a learning rate with ReLU, leaky ReLU and ELU nets, and measures how many units become
silent on all images, and how many of these are active again later. The script writes to
--output_dir: a figure for each claim; diagnose.json, every run.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, flag_values

_DEPTHS = flags.DEFINE_list("depths", ["2", "8"], "Numbers of hidden layers of the sigmoid nets.")
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Epochs of the sigmoid nets.", lower_bound=1)
_SHOCK_RATE = flags.DEFINE_float("shock_rate", 2.0, "Learning rate of the one large step.")
chapter_command.define_flags("diagnose")


def main():
    """Measures both parts with the flags' settings."""
    chapter_command.run(
        "diagnose",
        depths=flag_values.whole_numbers("depths", _DEPTHS.value),
        epochs=_EPOCHS.value,
        shock_rate=_SHOCK_RATE.value,
    )


if __name__ == "__main__":
    application.run(main)
