"""Trains a recipe and records, layer by layer, gradients, activations, updates and silent units.

    python scripts/watch_gradients.py --recipe=best_practice --interval=50

The script writes to --output_dir: watch_gradients.png, the norms of gradients and updates over the
steps; watch_gradients.json, every record and every warning of the monitors; with --histograms also
TensorBoard's logs. --rounds=7 measures the time that the two monitors add to `fit`. Every
hyperparameter of the recipe has a flag.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

import pathlib

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, recipe_flags

_RECIPE = flags.DEFINE_string("recipe", "best_practice", "A name in tf_recipes/catalog.py.")
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Epochs of the training.", lower_bound=1)
_INTERVAL = flags.DEFINE_integer(
    "interval", None, "Batches from one record to the next; default: the monitors' default.", 1
)
_ROUNDS = flags.DEFINE_integer("rounds", 0, "Timed calls of fit: 0 for none, or 2 or more.", 0)
_HISTOGRAMS = flags.DEFINE_bool("histograms", False, "Also write histograms for TensorBoard.")
chapter_command.define_flags("watch_gradients", seeds=None)
recipe_flags.define()


def main():
    """Trains and measures the recipe of the flags."""
    if flags.FLAGS["steps"].present:
        raise application.UsageError("Training is counted in epochs: --epochs, not --steps.")
    chapter_command.run(
        "watch_gradients",
        recipe=recipe_flags.recipe(_RECIPE.value),
        epochs=_EPOCHS.value,
        interval=_INTERVAL.value,
        rounds=_ROUNDS.value,
        log_dir=pathlib.Path(flags.FLAGS.output_dir, "tensorboard") if _HISTOGRAMS.value else None,
    )


if __name__ == "__main__":
    application.run(main)
