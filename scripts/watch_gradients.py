"""Trains a recipe and records, layer by layer, gradients, activations, updates and silent units.

    python scripts/watch_gradients.py --recipe=best_practice --interval=50

In --output_dir: watch_gradients.png, the norms of gradients and updates over the steps,
watch_gradients.json with every look and every warning, and with --histograms what TensorBoard
shows. --rounds=7 times what the two monitors add to `fit`. There is a flag for every
hyperparameter of the recipe.
"""

import pathlib

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application, recipe_flags

_RECIPE = flags.DEFINE_string("recipe", "best_practice", "A name in tf_recipes/catalog.py.")
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Passes over the images.", lower_bound=1)
_INTERVAL = flags.DEFINE_integer(
    "interval", None, "Batches from one look to the next; by default the monitors' own.", 1
)
_ROUNDS = flags.DEFINE_integer("rounds", 0, "Timed calls of fit.", 0)
_HISTOGRAMS = flags.DEFINE_bool("histograms", False, "Also write TensorBoard's histograms.")
chapter_command.define_flags("watch_gradients", seeds=None)
recipe_flags.define()


def main():
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
