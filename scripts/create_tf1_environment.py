"""Makes a Python 3.7 environment with TensorFlow 1.15.5, for recording and live references.

    python scripts/create_tf1_environment.py

Prints the interpreter's path, which --tf1_python takes; the other scripts look in the default
directory by themselves.
"""

from absl import flags

from tf_recipes.cli import command_line

flags.DEFINE_string("directory", None, "Where to make it; without it, in the user's cache.")
flags.DEFINE_string("python37", None, "A Python 3.7; without it, one is looked for.")


def main():
    """Makes it, or finds it made."""
    from tf_recipes.parity.tf1 import environment

    print(environment.create_environment(flags.FLAGS.directory, flags.FLAGS.python37))


if __name__ == "__main__":
    command_line.run(main)
