"""Measures what an update of few rows of a large table costs, beside TensorFlow 1.15 and Keras.

    python scripts/measure_sparse_updates.py

Each optimizer takes steps with a sparse gradient of 64 rows of a table of 200,000 x 64 floats, as
the embedding of a batch has it. The times are of one step, the median of some rounds. Run it on a
machine that does nothing else. The figures of docs/numerics.md are written by

    python scripts/measure_sparse_updates.py --json_out=docs/measured/sparse_updates.json
    python scripts/update_docs.py

Run scripts/create_tf1_environment.py before; without TensorFlow 1.15 its column is left out.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.benchmark import sparse_updates
from tf_recipes.cli import application, size_limits
from tf_recipes.cli.output_files import check_output_file

_ROWS = flags.DEFINE_integer("rows", 200_000, "Rows of the table.", 64, 100_000_000)
_COLUMNS = flags.DEFINE_integer("columns", 64, "Columns of the table.", 1, 100_000)
_STEPS = flags.DEFINE_integer("steps", 20, "Steps of a round.", 1, 10_000)
_REPEATS = flags.DEFINE_integer("repeats", 5, "Rounds of each optimizer.", 1, 1_000)
_TF1_PYTHON = flags.DEFINE_string("tf1_python", None, "Python interpreter with TensorFlow 1.15.")
_JSON_OUT = flags.DEFINE_string("json_out", None, "JSON file to write.")


def main():
    """Measures, prints the table, and writes the JSON file."""
    if _JSON_OUT.value is not None:
        check_output_file("json_out", _JSON_OUT.value)
    needed = 4 * _ROWS.value * _COLUMNS.value
    what = "the table, its slots and a dense gradient"
    size_limits.check_memory("rows", _ROWS.value, 6 * needed, what)
    # nine optimizers on three sides, and seven that take many steps in one call
    seconds = 27 * (1e-3 + 1e-9 * needed) + 7 * sparse_updates.IN_ONE_CALL * 1e-4
    size_limits.check_time("repeats", _REPEATS.value, _STEPS.value * _REPEATS.value * seconds)
    sparse_updates.run(
        _ROWS.value,
        _COLUMNS.value,
        _STEPS.value,
        _REPEATS.value,
        _TF1_PYTHON.value,
        _JSON_OUT.value,
    )


if __name__ == "__main__":
    application.run(main)
