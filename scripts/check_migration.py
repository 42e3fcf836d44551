"""Shows, step by step, that each port does what TensorFlow 1.15 did.

    python scripts/check_migration.py --json_out=check.json

By default the traces that ship with the package are replayed with both ports. Exits with 0 only
if every exact port matches, with 1 if one does not, with 2 if something could not be judged.
The installed command `tf-recipes check` does the same.
"""

from tf_recipes.cli import application, check_command

check_command.define_flags()


if __name__ == "__main__":
    application.run(check_command.main)
