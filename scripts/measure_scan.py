"""Measures how many lines a second the scanner reads.

    python scripts/measure_scan.py

The code is that of this repository's TF1 programs, copied until it is long enough, of Keras, and,
where they are there, of tf_slim and of contrib in TensorFlow 1.15. The cache is not used. Run it on
a machine that does nothing else. The figures of docs/scan.md are written by

    python scripts/measure_scan.py --json_out=docs/measured/scan_speed.json
    python scripts/update_docs.py

Run scripts/create_tf1_environment.py before; without TensorFlow 1.15 its row is left out.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from tf_recipes.cli import application, size_limits
from tf_recipes.cli.output_files import check_output_file

_WORKERS = flags.DEFINE_integer("workers", 2, "Processes.", 1, 1_000)
_COPIES = flags.DEFINE_integer("copies", 20, "Copies of this repository's programs.", 1, 1_000)
_REPEATS = flags.DEFINE_integer("repeats", 5, "Rounds; the fastest counts.", 1, 1_000)
_TF1_PYTHON = flags.DEFINE_string("tf1_python", None, "Python interpreter with TensorFlow 1.15.")
_JSON_OUT = flags.DEFINE_string("json_out", None, "JSON file to write.")


def main():
    """Measures, prints the table, and writes the JSON file."""
    if _JSON_OUT.value is not None:
        check_output_file("json_out", _JSON_OUT.value)
    size_limits.check_time("repeats", _REPEATS.value, _REPEATS.value * (20 + _COPIES.value / 5))
    from lab.benchmark import scan_speed
    from tf_recipes.parity.tf1 import interpreter

    try:
        python = interpreter.check(_TF1_PYTHON.value)
    except interpreter.TF1Error:
        if _TF1_PYTHON.value:
            raise
        python = None
    scan_speed.run(_WORKERS.value, _COPIES.value, _REPEATS.value, python, _JSON_OUT.value)


if __name__ == "__main__":
    application.run(main)
