"""Puts the measured figures into the README and the pages of docs/, and draws their plots.

    python scripts/update_docs.py

The figures come from docs/check.json, which `python scripts/check_migration.py
--json_out=docs/check.json` writes, and from the files in docs/measured. With --check nothing is
written, and the exit status is 1 where something would be.
"""

from absl import flags

from tf_recipes.cli import application

flags.DEFINE_string("folder", None, "The clone of the repository; by default the one of the code.")
flags.DEFINE_bool("check", False, "Write nothing; name what is out of date, and exit with 1.")


def main():
    """Updates, and says what."""
    from lab.documentation import update

    return update.run(flags.FLAGS.folder, flags.FLAGS.check)


if __name__ == "__main__":
    application.run(main)
