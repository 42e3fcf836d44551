"""Compares gradient descent, momentum, Nesterov, Adagrad, RMSProp and Adam by steps to a loss.

    python scripts/compare_optimizers.py

All optimizers start from the same weights and get the same batches. The script writes to
--output_dir: compare_optimizers.png, the loss over the steps at one learning rate and at each
optimizer's own best rate; compare_optimizers.json, every run and the search for the best rates. It
uses the MNIST sample that ships with the package; with --data=tfds it uses the whole set.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, flag_values

_RATES = flags.DEFINE_list(
    "rates", ["0.01", "0.03", "0.1"], "Rates at which momentum is compared with gradient descent."
)
_TARGET = flags.DEFINE_float(
    "target_loss", 0.1, "Loss to reach on training images, in nats, in (0, 2]."
)
_STEPS = flags.DEFINE_integer("max_steps", 30_000, "Largest number of steps of a run.", 1)
_TUNING = flags.DEFINE_integer(
    "tuning_seeds", 2, "Runs at each rate in the search for the best rate.", 1
)
chapter_command.define_flags("compare_optimizers")


def main():
    """Measures with the rates, the target and the limits of the flags."""
    chapter_command.run(
        "compare_optimizers",
        rates=flag_values.numbers("rates", _RATES.value),
        target_loss=_TARGET.value,
        max_steps=_STEPS.value,
        tuning_seeds=_TUNING.value,
    )


if __name__ == "__main__":
    application.run(main)
