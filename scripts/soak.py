"""Kills training at random moments, also in the middle of a save, and compares the bits.

    python scripts/soak.py --kills=25 --recipe=best_practice

First the recipe is trained in one go, then again by processes that die by SIGKILL and are started
anew with the same command. Exits with 0 if weights, optimizer slots, metrics and history end with
the same bits, with 1 if not. --fork spares each process the import of TensorFlow.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

import functools
import pathlib
import sys

from absl import flags

from tf_recipes import catalog, mnist
from tf_recipes._support import quiet_tensorflow
from tf_recipes._support.terminal import Terminal
from tf_recipes.cli import application, size_limits
from tf_recipes.training.directory import writable

_KILLS = flags.DEFINE_integer("kills", 25, "How often to kill.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Of the moments.", lower_bound=0)
_RECIPE = flags.DEFINE_string("recipe", "best_practice", "A name in tf_recipes/catalog.py.")
_EPOCHS = flags.DEFINE_integer("epochs", 12, "Passes over the sample.", lower_bound=1)
_STEPS = flags.DEFINE_integer("checkpoint_steps", 20, "Save after so many steps.", lower_bound=1)
_OUTPUT_DIR = flags.DEFINE_string("output_dir", "out/soak", "Where the runs are.")
_FORK = flags.DEFINE_bool("fork", False, "Copy this process in place of starting new ones.")


def main():
    recipe = catalog.get(_RECIPE.value)
    size_limits.check_epochs("epochs", _EPOCHS.value, recipe, mnist.N_SAMPLE_TRAIN)
    least = _KILLS.value * size_limits.PROCESS_SECONDS
    size_limits.check_time("kills", _KILLS.value, least, size_limits.TRAINING_HOURS)
    writable(_OUTPUT_DIR.value)
    with quiet_tensorflow.quiet():
        from tf_recipes import training
        from tf_recipes.training.soak import killing, processes

    if _FORK.value:
        with quiet_tensorflow.quiet():
            train = training.train  # imports TensorFlow, once for all copies of this process
        start = processes.StartFork(functools.partial(_train, train, recipe, mnist.load()))
    else:
        script = pathlib.Path(__file__).with_name("train.py")
        options = (f"--{flag.name}={flag.value}" for flag in (_RECIPE, _EPOCHS, _STEPS))
        start = processes.StartCommand([sys.executable, script, *options])
    print_line = functools.partial(Terminal().print, soft_wrap=True, markup=False, highlight=False)
    try:
        return int(
            not killing.soak(start, _OUTPUT_DIR.value, _KILLS.value, _SEED.value, print_line)
        )
    except killing.SoakError as error:
        raise application.UsageError(str(error)) from error


def _train(train, recipe, data, output_dir):
    quiet_tensorflow.import_tensorflow()
    train(recipe, data, _EPOCHS.value, output_dir, checkpoint_steps=_STEPS.value)


if __name__ == "__main__":
    application.run(main)
