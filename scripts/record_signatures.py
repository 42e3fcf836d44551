"""Records TF1's signatures on real TensorFlow 1.15, for the table of defaults.

    python scripts/record_signatures.py --json_out=out/tf1_signatures.json

It needs scripts/create_tf1_environment.py to have run. The file that ships with the package was
recorded by

    python scripts/record_signatures.py \\
        --json_out=scripts/lab/documentation/defaults/tf1_signatures.json
"""

from pathlib import Path

from absl import flags

from tf_recipes._support import quiet_tensorflow
from tf_recipes.cli import application

flags.DEFINE_string("tf1_python", None, "An interpreter with TensorFlow 1.15.")
flags.DEFINE_string("json_out", None, "The file to write.")


def main():
    """Records them."""
    if not flags.FLAGS.json_out:
        raise application.UsageError("Name a file for the signatures: --json_out=FILE.")
    quiet_tensorflow.import_tensorflow()
    from lab.documentation.defaults import signature_recording
    from tf_recipes.parity.tf1 import interpreter

    path = Path(flags.FLAGS.json_out)
    path.parent.mkdir(parents=True, exist_ok=True)
    signature_recording.write(interpreter.check(flags.FLAGS.tf1_python), path)


if __name__ == "__main__":
    application.run(main)
