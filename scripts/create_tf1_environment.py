"""Makes a Python 3.7 environment with TensorFlow 1.15.5, for recording and live references.

    python scripts/create_tf1_environment.py

Prints the interpreter's path, which --tf1_python takes; the other scripts look in the default
directory by themselves. The installed command `tf-recipes create-tf1-environment` does the same.
"""

from tf_recipes.cli import application, create_tf1_environment_command

create_tf1_environment_command.define_flags()


if __name__ == "__main__":
    application.run(create_tf1_environment_command.main)
