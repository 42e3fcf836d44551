"""Records the names and arguments of TensorFlow 1.15 that TensorFlow 2 lacks, for the scanner.

    python scripts/record_symbols.py --output_dir=tf_recipes/knowledge

Run scripts/create_tf1_environment.py before. The tables that ship were recorded by this command.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from tf_recipes._support import quiet_tensorflow
from tf_recipes.cli import application, output_files

flags.DEFINE_string("tf1_python", None, "Python interpreter with TensorFlow 1.15.")
flags.DEFINE_string("output_dir", None, "Folder of the tables to write.")


def main():
    """Records both sides and writes the tables."""
    if not flags.FLAGS.output_dir:
        raise application.UsageError("Name a folder for the tables: --output_dir=FOLDER.")
    from tf_recipes.parity.tf1 import interpreter

    output_files.check_output_directory("output_dir", flags.FLAGS.output_dir)
    python = interpreter.check(flags.FLAGS.tf1_python)
    quiet_tensorflow.import_tensorflow()
    from lab.documentation.symbols import symbol_recording

    symbol_recording.write(python, flags.FLAGS.output_dir)


if __name__ == "__main__":
    application.run(main)
