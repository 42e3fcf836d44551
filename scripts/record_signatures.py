"""Records TF1's signatures on real TensorFlow 1.15, for the table of defaults.

    python scripts/record_signatures.py --json_out=out/tf1_signatures.json

Run scripts/create_tf1_environment.py before. The file that ships with the package was recorded by

    python scripts/record_signatures.py \\
        --json_out=tf_recipes/knowledge/tf1_signatures.json
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from pathlib import Path

from absl import flags

from tf_recipes._support import quiet_tensorflow
from tf_recipes.cli import application
from tf_recipes.cli.output_files import check_output_file

flags.DEFINE_string("tf1_python", None, "Python interpreter with TensorFlow 1.15.")
flags.DEFINE_string("json_out", None, "JSON file to write.")


def main():
    """Records the signatures and writes them as JSON."""
    if not flags.FLAGS.json_out:
        raise application.UsageError("Name a file for the signatures: --json_out=FILE.")
    from tf_recipes.parity.tf1 import interpreter

    check_output_file("json_out", flags.FLAGS.json_out, make_folder=True)
    python = interpreter.check(flags.FLAGS.tf1_python)
    quiet_tensorflow.import_tensorflow()
    from lab.documentation.defaults import signature_recording  # imports Keras

    signature_recording.write(python, Path(flags.FLAGS.json_out))


if __name__ == "__main__":
    application.run(main)
