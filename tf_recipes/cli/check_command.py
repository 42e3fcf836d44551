"""Shows, step by step, that each port does what TensorFlow 1.15 did.

    tf-recipes check --json_out=check.json

By default the traces that ship with the package are replayed with both ports.
"""

import os
import sys

from absl import flags

from tf_recipes.cli import recipe_flags
from tf_recipes.parity.verdict import STATUSES
from tf_recipes.recipe import PORT_NAMES

__doc__ += "\nThe exit status:\n" + "".join(f"    {k}: {text}\n" for k, text in STATUSES.items())


def define_flags() -> None:
    """Defines the flags of the migration check."""
    flags.disclaim_key_flags()
    flags.DEFINE_enum(
        "reference",
        "recorded",
        ["recorded", "compat", "tf1"],
        "What the ports are held against: recorded traces; the TF1 graph run live in this "
        "TensorFlow; or run live on real TF 1.15 (with --tf1_python).",
    )
    flags.DEFINE_string("tf1_python", None, "A Python with TensorFlow 1.15, for --reference=tf1.")
    flags.DEFINE_string("trace_dir", None, "Replay the traces (*.npz) in this directory instead.")
    flags.DEFINE_list("recipe", None, "Recipes by name; without it, all of them.")
    flags.DEFINE_list("ports", list(PORT_NAMES), "Which ports to judge.")
    flags.DEFINE_bool(
        "float32_products",
        True,
        "Multiply float32 matrices in full float32, as TF 1.15 did. --nofloat32_products takes the "
        "default of Keras' backend, which is TF32 on many GPUs.",
    )
    flags.DEFINE_string("json_out", None, "Write the results to this file.")
    flags.DEFINE_string("html", None, "Write a report to open in a browser to this file.")
    flags.DEFINE_string("plot_dir", None, "Write a figure for each recipe to this directory.")
    recipe_flags.define()


def main() -> int:
    """Judges what the flags name; returns the exit status."""
    from tf_recipes.cli import migration_check

    given = flags.FLAGS
    return migration_check.run(
        migration_check.Options(
            reference=given.reference,
            tf1_python=given.tf1_python,
            trace_dir=given.trace_dir,
            recipe=given.recipe,
            ports=given.ports,
            json_out=given.json_out,
            plot_dir=given.plot_dir,
            html=given.html,
            changed=recipe_flags.changed(),
            make_recipe=recipe_flags.recipe,
            program=_program(),
            float32_products=given.float32_products,
        )
    )


def _program() -> str:
    """Returns the words that start this command: the installed one, or the script of a clone."""
    from tf_recipes.parity.reports import commands

    name = os.path.basename(sys.argv[0])
    return name if name == "tf-recipes check" else commands.SCRIPT
