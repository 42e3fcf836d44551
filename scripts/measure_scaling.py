"""Measures how the time of a training step depends on workers and parameters, and fits a model.

    python scripts/measure_scaling.py --json_out=out/scaling.json --plot_out=out/scaling.png

The workers are processes on this machine. Each has a core of its own if there are enough cores. The
script prints the measurements beside the model, the model's coefficients, and the batch size above
which a cluster is faster than one worker. See docs/scaling.md.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

import os

from absl import flags

from tf_recipes._support import validation
from tf_recipes.cli import application, flag_values, size_limits
from tf_recipes.cli.output_files import check_output_file, together

_WORKERS = flags.DEFINE_list("workers", ["1", "2", "4"], "Numbers of workers.")
_NETS = flags.DEFINE_list(
    "nets", ["30", "300-100", "1000-500", "2000-1000"], "Units of each net's hidden layers."
)
_BATCHES = flags.DEFINE_list("batches", ["64", "256", "1024"], "Sizes of the global batch.")
_REPEATS = flags.DEFINE_integer("repeats", 5, "Timed calls; the fastest call counts.", 1)
_JSON_OUT = flags.DEFINE_string("json_out", None, "JSON file for the results.")
_PLOT_OUT = flags.DEFINE_string("plot_out", None, "PNG file for the figure.")


def main():
    """Measures every combination of the flags, fits the model, prints and writes the results."""
    workers, batches, nets = _checked_settings()
    load = os.getloadavg()[0]
    from lab.scaling import cost_model, measurement, scaling_report

    measured = [
        each for count in workers for each in measurement.run(count, nets, batches, _REPEATS.value)
    ]
    cores = len(os.sched_getaffinity(0))
    cost, errors = cost_model.fit(measured, cores)
    scaling_report.show(measured, cost, errors, cores)
    with together() as outputs:
        if path := _JSON_OUT.value:
            made = (measured, cost, errors, cores, load)
            outputs.write(path, lambda p: scaling_report.write(p, *made))
        if path := _PLOT_OUT.value:
            outputs.write(path, lambda p: scaling_report.plot(p, measured, cost, cores))


def _checked_settings():
    """Returns the numbers of workers, the batch sizes and the nets that the flags name.

    Raises:
        ValueError: for a flag that breaks its rule.
        UsageError: for an empty list, or an output file that cannot be written.
    """
    workers = flag_values.whole_numbers("workers", _WORKERS.value)
    batches = flag_values.whole_numbers("batches", _BATCHES.value)
    nets = [flag_values.whole_numbers("nets", net.split("-")) for net in _NETS.value]
    units = [count for net in nets for count in net]
    for flag, numbers in (("workers", workers), ("batches", batches), ("nets", units)):
        if not numbers:
            raise application.UsageError(
                f"--{flag} is empty. Name at least one, or leave the flag out."
            )
        for each in numbers:
            validation.whole(flag, each, 1)
    for count in workers:
        size_limits.check_workers(count)
        for rows in batches:
            for net in nets:
                size_limits.check_net(net, rows, names=("nets", "batches"))
            if rows % count:
                validation.fail(
                    "Every batch size must be a multiple of every number of workers.",
                    f"batches={rows}, workers={count}",
                    f"Pass a multiple, such as --batches={max(1, round(rows / count)) * count}.",
                )
    calls = _REPEATS.value * len(workers) * len(batches) * len(nets)
    size_limits.check_steps("repeats", _REPEATS.value, calls)
    for flag, path in (("json_out", _JSON_OUT.value), ("plot_out", _PLOT_OUT.value)):
        if path:
            check_output_file(flag, path, make_folder=True)
    return workers, batches, nets


if __name__ == "__main__":
    application.run(main)
