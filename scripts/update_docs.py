"""Puts the measured figures into the README and the pages of docs/, and draws their plots.

    python scripts/update_docs.py

The figures are read from docs/check.json, which `python scripts/check_migration.py
--json_out=docs/check.json` writes, and from the files in docs/measured. With --check the script
writes nothing, and exits with 1 if a file is out of date.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from tf_recipes.cli import application

flags.DEFINE_string("folder", None, "Clone of the repository; default: the clone of this script.")
flags.DEFINE_bool("check", False, "Write nothing, print what is out of date, and exit with 1.")


def main():
    """Updates the files, prints the name of each, and returns the exit status."""
    from lab.documentation import update

    return update.run(flags.FLAGS.folder, flags.FLAGS.check)


if __name__ == "__main__":
    application.run(main)
