"""Runs the benchmark for `scripts/benchmark.py`: checks, measurements, tables and files."""

import dataclasses
import itertools

from lab.benchmark import growth, measurements, process, report, startup
from lab.benchmark.measure import EPOCHS, Contest, Timing
from lab.benchmark.registry import CONTESTANTS
from lab.benchmark.setting import Setting
from tf_recipes import mnist
from tf_recipes._support import validation
from tf_recipes._support.terminal import Terminal
from tf_recipes.cli import size_limits
from tf_recipes.cli.application import UsageError
from tf_recipes.cli.flag_values import whole_numbers
from tf_recipes.cli.output_files import check_output_file, together

RESTLESS = 0.05  # CPU seconds between two passes, over the seconds of a pass, that are reported


@dataclasses.dataclass(frozen=True)
class Options:
    """Holds the values of the script's flags."""

    contestants: list[str]
    nets: list[str]
    batch_sizes: list[str]
    steps: int
    repeats: int
    growth: bool
    startup: bool
    data: str
    data_dir: str | None
    tf1_python: str | None
    json_out: str | None
    plot_out: str | None

    def settings(self):
        """Returns a `Setting` for every net at every batch size.

        Raises:
            UsageError: for a text that is no list of whole numbers.
            ValueError: for a number below 1.
        """
        nets = [tuple(whole_numbers("nets", net.split("-"))) for net in self.nets]
        batches = whole_numbers("batch_sizes", self.batch_sizes)
        for flag, numbers in (("batch_sizes", batches), *(("nets", net) for net in nets)):
            for each in numbers:
                validation.whole(flag, each, 1)
        for net, batch in itertools.product(nets, batches):
            size_limits.check_net(net, batch, names=("nets", "batch_sizes"))
        made = [Setting(net, batch, self.steps) for net in nets for batch in batches]
        for setting in made:
            passes = len(self.contestants) * self.repeats
            steps = passes * EPOCHS * setting.steps_of_an_epoch
            size_limits.check_steps("repeats", self.repeats, steps, setting.hidden, setting.batch)
        return made


def run(options):
    """Measures, prints and writes the results. A missed goal is a result, not an error.

    Raises:
        ValueError: for an unknown contestant, or a net or batch size that breaks its rule.
        OSError: for missing data, before the measurements.
    """
    settings = options.settings()
    _check(options)
    terminal = Terminal()
    data = mnist.load(options.data, options.data_dir)
    images = mnist.pixels(data.train_images, "float32")
    results = measurements.Results(dataclasses.asdict(options))
    runnable = _runnable(options, results, terminal)

    def make(setting):
        return setting.workload(images, data.train_labels)

    _speed(options, settings, runnable, make, results, terminal)
    if options.growth:
        results.growth = growth.run(runnable, make, options.steps, options.repeats, _say(terminal))
    if options.startup:
        _startup(options, settings, runnable, make, results, terminal)
    _write(options, results)
    _show(results, terminal)
    return 0


def _check(options):
    """Refuses bad options before the measurements, which take minutes."""
    for name in options.contestants:
        validation.choice("contestants", name, CONTESTANTS)
    for flag in ("contestants", "nets", "batch_sizes"):
        values = getattr(options, flag)
        if not values:
            raise UsageError(f"--{flag} is empty. Name at least one, or leave the flag out.")
        if len(set(values)) < len(values):
            raise UsageError(
                f"--{flag} names one twice. Received: {','.join(values)}. Name each once."
            )
    for flag in ("json_out", "plot_out"):
        path = getattr(options, flag)
        if path is not None:
            check_output_file(flag, path)


def _say(terminal):
    """Returns a function that prints one line of text, unstyled."""
    return lambda text: terminal.print(text, highlight=False, markup=False, soft_wrap=True)


def _runnable(options, results, terminal):
    """Returns the contestants that can run here; keeps and prints why the rest cannot."""
    runnable = []
    for name in options.contestants:
        reason = process.missing(name, options.tf1_python)
        if reason is None:
            runnable.append(name)
        else:
            results.missing[name] = " ".join(reason.splitlines())
            _say(terminal)(f"{name} does not run: {results.missing[name]}")
    return runnable


def _speed(options, settings, runnable, make, results, terminal):
    """Measures and prints the speed of every contestant for each setting."""
    for setting in settings:
        where = f"{setting.net}, batch {setting.batch}"
        _say(terminal)(f"{where}: {options.repeats} rounds of {', '.join(runnable)}")
        with Contest(runnable, _say(terminal), options.tf1_python) as contest:
            timings = contest.run(make(setting), options.repeats)
        _say_restless(timings, _say(terminal))
        for name in options.contestants:
            if name in results.missing:
                timings[name] = _absent(name, results.missing[name])
        ordered = {name: timings[name] for name in options.contestants}
        results.speed[setting.net, setting.batch] = ordered
        _title(terminal, where)
        terminal.print(report.speed(ordered))


def _say_restless(timings, say):
    """Prints which contestants used the CPU between their passes."""
    for name, timing in timings.items():
        if timing.idle_cpu_share and timing.idle_cpu_share > RESTLESS:
            say(f"{name} was at work between its passes: {timing.idle_cpu_share:.0%} of a pass.")


def _absent(name, reason):
    """Returns the `Timing` of a contestant that did not run."""
    return Timing(name, steps=0, failed=reason)


def _startup(options, settings, runnable, make, results, terminal):
    """Measures the time to the first step; the bare products have no start to compare."""
    _say(terminal)(f"time to the first step: {options.repeats} rounds")
    starting = [name for name in runnable if name != "matmul"]
    results.startup = startup.run(
        starting, make(settings[0]), options.repeats, _say(terminal), options.tf1_python
    )


def _write(options, results):
    """Writes the files that the options name, all of them or none."""
    with together() as outputs:
        if options.json_out:
            outputs.write(options.json_out, lambda path: measurements.write(path, results))
        if options.plot_out:
            from lab.benchmark import chart  # imports Matplotlib

            outputs.write(options.plot_out, lambda path: chart.save(results, path))


def _show(results, terminal):
    """Prints the tables of growth, start-up and goals."""
    if results.growth:
        _title(terminal, "growth")
        terminal.print(report.growth(results.growth))
    if results.startup:
        _title(terminal, "from the command to the end of the first step")
        terminal.print(report.startup(results.startup))
    if judged := results.judged():
        _title(terminal, "goals")
        terminal.print(report.goals(judged))


def _title(terminal, text):
    """Prints the title of a table."""
    terminal.print(f"\n{text}\n", highlight=False, markup=False)
