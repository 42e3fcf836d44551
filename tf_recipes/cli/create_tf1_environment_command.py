"""Makes a Python 3.7 environment with TensorFlow 1.15.5, for recording and live references.

    tf-recipes create-tf1-environment

Prints the interpreter's path, which --tf1_python takes; the other commands look in the default
directory by themselves.
"""

from absl import flags


def define_flags() -> None:
    """Defines where the environment goes, and which Python makes it."""
    flags.disclaim_key_flags()
    flags.DEFINE_string("directory", None, "Where to make it; without it, in the user's cache.")
    flags.DEFINE_string("python37", None, "A Python 3.7; without it, one is looked for.")


def main() -> None:
    """Makes the environment, or finds it made."""
    from tf_recipes.parity.tf1 import environment

    print(environment.create_environment(flags.FLAGS.directory, flags.FLAGS.python37))
