"""Records traces on real TensorFlow 1.15, in a process of its own.

    python scripts/record_reference.py --recipe=momentum_decay --output_dir=out/traces

scripts/create_tf1_environment.py makes the environment that it runs in. The traces that ship with
the package were recorded by

    python scripts/record_reference.py --output_dir=tf_recipes/parity/traces \\
        --hidden=10,8 --pool=256 --recorded_steps=1,5,20,50,100
    python scripts/record_reference.py --distributions_out=tf_recipes/parity/distributions.npz
"""

from pathlib import Path

from absl import flags

from tf_recipes.cli import command_line

flags.DEFINE_string("tf1_python", None, "An interpreter with TensorFlow 1.15.")
flags.DEFINE_list("recipe", None, "Recipes by name; without it, all of them.")
flags.DEFINE_string("output_dir", None, "Where the traces go, each as NAME.npz.")
flags.DEFINE_integer("pool", 2000, "Images to train on, from the head of the sample.", 1, 6000)
flags.DEFINE_list("recorded_steps", None, "Those a recipe has; without it, 1, 2, 5, 10, ..., last.")
flags.DEFINE_string("distributions_out", None, "Record what TF1 draws at random to this .npz.")
command_line.define_recipe_flags()


def main():
    """Records what the flags name."""
    from tf_recipes import catalog, mnist
    from tf_recipes.parity import recording
    from tf_recipes.parity.tf1 import interpreter

    python = interpreter.check(flags.FLAGS.tf1_python)
    if flags.FLAGS.distributions_out:
        recording.record_distributions(python, Path(flags.FLAGS.distributions_out))
    if not flags.FLAGS.output_dir:
        if flags.FLAGS.distributions_out:
            return
        raise command_line.UsageError("Name a directory for the traces: --output_dir=DIR.")
    names = flags.FLAGS.recipe or catalog.CATALOG
    sample = mnist.load("sample")
    n = flags.FLAGS.pool
    recording.record_all(
        python,
        [command_line.recipe_from_flags(name) for name in names],
        (sample.train_images[:n], sample.train_labels[:n]),
        Path(flags.FLAGS.output_dir),
        command_line.whole_numbers("recorded_steps", flags.FLAGS.recorded_steps or []),
    )


if __name__ == "__main__":
    command_line.run(main)
