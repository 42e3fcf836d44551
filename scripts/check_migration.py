"""Shows, step by step, that each port does what TensorFlow 1.15 did.

    python scripts/check_migration.py --json_out=check.json

By default the traces that ship with the package are replayed with both ports. Exits with 0 only
if every exact port matches, with 1 if one does not, with 2 if something could not be judged.
"""

from absl import flags

from tf_recipes.cli import command_line

flags.DEFINE_enum(
    "reference",
    "recorded",
    ["recorded", "compat", "tf1"],
    "What the ports are held against: recorded traces; the TF1 graph run live in this TensorFlow; "
    "or run live on real TF 1.15 (with --tf1_python).",
)
flags.DEFINE_string("tf1_python", None, "An interpreter with TensorFlow 1.15, for --reference=tf1.")
flags.DEFINE_string("trace_dir", None, "Replay the traces (*.npz) in this directory instead.")
flags.DEFINE_list("recipe", None, "Recipes by name; without it, all of them.")
flags.DEFINE_list("ports", ["exact", "textbook"], "Which ports to judge.")
flags.DEFINE_string("json_out", None, "Write the results to this file.")
flags.DEFINE_string("html", None, "Write a report to open in a browser to this file.")
flags.DEFINE_string("plot_dir", None, "Write a figure for each recipe to this directory.")
command_line.define_recipe_flags()


def main():
    """Judges what the flags name."""
    from tf_recipes.cli import check

    options = check.Options(
        **{
            name: flags.FLAGS[name].value
            for name in ("reference", "tf1_python", "trace_dir", "recipe", "ports")
        },
        json_out=flags.FLAGS.json_out,
        plot_dir=flags.FLAGS.plot_dir,
        html=flags.FLAGS.html,
        changed=command_line.changed_flags(),
        make_recipe=command_line.recipe_from_flags,
    )
    return check.run(options)


if __name__ == "__main__":
    command_line.run(main)
