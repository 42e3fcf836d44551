"""Measures how a training step scales with workers and parameters, and fits a model to it.

    python scripts/measure_scaling.py --json_out=out/scaling.json --plot_out=out/scaling.png

The workers are processes on this machine, each on a core of its own while there are enough. It
prints the measurements beside the model, its coefficients, and the batch from which on a cluster
pays. See docs/scaling.md.
"""

import os

from absl import flags

from tf_recipes.cli import application, flag_values

_WORKERS = flags.DEFINE_list("workers", ["1", "2", "4"], "Numbers of workers.")
_NETS = flags.DEFINE_list(
    "nets", ["30", "300-100", "1000-500", "2000-1000"], "Units of the hidden layers."
)
_BATCHES = flags.DEFINE_list("batches", ["64", "256", "1024"], "Rows of the global batch.")
_REPEATS = flags.DEFINE_integer("repeats", 5, "Timed calls; the quickest counts.", 1)
_JSON_OUT = flags.DEFINE_string("json_out", None, "Where to write the results as JSON.")
_PLOT_OUT = flags.DEFINE_string("plot_out", None, "Where to draw them.")


def main():
    workers = flag_values.whole_numbers("workers", _WORKERS.value)
    batches = flag_values.whole_numbers("batches", _BATCHES.value)
    hidden = [flag_values.whole_numbers("nets", net.split("-")) for net in _NETS.value]
    from lab.scaling import cost_model, measurement, scaling_report
    from tf_recipes.distribution import batch_shares

    for count in workers:
        for rows in batches:
            batch_shares.check_batch_size(rows, count)
    measured = [
        each
        for count in workers
        for each in measurement.run(count, hidden, batches, _REPEATS.value)
    ]
    cores = len(os.sched_getaffinity(0))
    cost, errors = cost_model.fit(measured, cores)
    scaling_report.show(measured, cost, errors, cores)
    if _JSON_OUT.value:
        scaling_report.write(_JSON_OUT.value, measured, cost, errors, cores)
    if _PLOT_OUT.value:
        scaling_report.plot(_PLOT_OUT.value, measured, cost, cores)


if __name__ == "__main__":
    application.run(main)
