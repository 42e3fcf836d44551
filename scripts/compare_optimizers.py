"""Compares gradient descent, momentum, Nesterov, Adagrad, RMSProp and Adam by steps to a loss.

    python scripts/compare_optimizers.py

All start from the same weights and see the same batches. In --output_dir: compare_optimizers.png,
the loss over the steps at one learning rate and at each optimizer's own best one, and
compare_optimizers.json with every run and the search for those rates. That takes the sample of
MNIST that ships with the package; --data=tfds takes the whole set.
"""

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application

_RATES = flags.DEFINE_list(
    "rates", ["0.01", "0.03", "0.1"], "Rates at which momentum is held against gradient descent."
)
_TARGET = flags.DEFINE_float("target_loss", 0.1, "Loss to reach, in nats, on training images.")
_STEPS = flags.DEFINE_integer("max_steps", 30_000, "Steps after which a run is given up.", 1)
_TUNING = flags.DEFINE_integer("tuning_seeds", 2, "Runs at each rate of the search.", 1)
chapter_command.define_flags("compare_optimizers")


def main():
    chapter_command.run(
        "compare_optimizers",
        rates=_numbers(_RATES.value),
        target_loss=_TARGET.value,
        max_steps=_STEPS.value,
        tuning_seeds=_TUNING.value,
    )


def _numbers(texts):
    try:
        return [float(text) for text in texts]
    except ValueError:
        raise application.UsageError(
            f"--rates takes numbers separated by commas. Received: {','.join(texts)!r}."
        ) from None


if __name__ == "__main__":
    application.run(main)
