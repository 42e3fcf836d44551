"""Records traces on real TensorFlow 1.15, in a process of its own.

    tf-recipes record --recipe=momentum_decay --output_dir=out/traces

`tf-recipes create-tf1-environment` makes the environment that it runs in.
"""

from pathlib import Path

from absl import flags

from tf_recipes.cli import recipe_flags
from tf_recipes.cli.application import UsageError
from tf_recipes.cli.flag_values import whole_numbers
from tf_recipes.cli.output_files import check_output_directory, check_output_file


def define_flags() -> None:
    """Defines which recipes are recorded, on which images, and where the traces go."""
    flags.disclaim_key_flags()
    flags.DEFINE_string("tf1_python", None, "A Python with TensorFlow 1.15.")
    flags.DEFINE_list("recipe", None, "Recipes by name; without it, all of them.")
    flags.DEFINE_string("output_dir", None, "Where the traces go, each as NAME.npz.")
    flags.DEFINE_integer("pool", 2000, "Images to train on, from the head of the sample.", 1, 6000)
    flags.DEFINE_list(
        "recorded_steps", None, "Steps to record, and the last; default 1, 2, 5, 10, ..."
    )
    flags.DEFINE_string("distributions_out", None, "Record TF1's random draws to this .npz.")
    recipe_flags.define()


def main() -> None:
    """Records what the flags name."""
    from tf_recipes import catalog, mnist
    from tf_recipes._support import files
    from tf_recipes.cli import trace_recording
    from tf_recipes.parity import recording
    from tf_recipes.parity.tf1 import interpreter

    given = flags.FLAGS
    if not (given.output_dir or given.distributions_out):
        raise UsageError("Name a directory for the traces: --output_dir=DIR.")
    recipes = [recipe_flags.recipe(name) for name in given.recipe or catalog.CATALOG]
    steps = whole_numbers("recorded_steps", given.recorded_steps or [])
    if given.distributions_out:
        check_output_file("distributions_out", given.distributions_out)
    if given.output_dir:
        check_output_directory("output_dir", given.output_dir, make=False)
        files.check_targets(given.output_dir, [f"{recipe.name}.npz" for recipe in recipes])
    python = interpreter.check(given.tf1_python)
    if given.distributions_out:
        recording.record_distributions(python, Path(given.distributions_out))
    if given.output_dir:
        sample = mnist.load("sample")
        pool = sample.train_images[: given.pool], sample.train_labels[: given.pool]
        trace_recording.record(python, recipes, pool, Path(given.output_dir), steps)
