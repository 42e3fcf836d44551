"""What `scripts/benchmark.py` does with its flags."""

import dataclasses
import os
from pathlib import Path

from lab.benchmark import growth, measurements, process, report, startup
from lab.benchmark.measure import Contest, Timing
from lab.benchmark.registry import CONTESTANTS
from lab.benchmark.setting import Setting
from tf_recipes import mnist
from tf_recipes._support import validation
from tf_recipes._support.terminal import Terminal
from tf_recipes.cli.application import UsageError
from tf_recipes.cli.flag_values import whole_numbers

RESTLESS = 0.05  # of a pass's seconds: CPU seconds between two passes that are worth a word


@dataclasses.dataclass(frozen=True)
class Options:
    """The script's flags."""

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
        """Every net at every batch size.

        Raises:
            UsageError: for what is no list of whole numbers of at least 1.
        """
        nets = [tuple(whole_numbers("nets", net.split("-"))) for net in self.nets]
        batches = whole_numbers("batch_sizes", self.batch_sizes)
        for flag, numbers in (("batch_sizes", batches), *(("nets", net) for net in nets)):
            for each in numbers:
                validation.whole(flag, each, 1)
        return [Setting(net, batch, self.steps) for net in nets for batch in batches]


def run(options):
    """Measures, prints and writes; a goal that is missed is a result, not an error.

    Raises:
        ValueError: for a contestant, net or batch size that there is not.
        OSError: for data that is missing, or a file that cannot be written; before it measures.
    """
    settings = options.settings()
    _check(options)
    terminal = Terminal()
    data = mnist.load(options.data, options.data_dir)
    images = mnist.pixels(data.train_images, "float32")
    found = measurements.Results(dataclasses.asdict(options))
    able = _able(options, found, terminal)

    def make(setting):
        return setting.workload(images, data.train_labels)

    _speed(options, settings, able, make, found, terminal)
    if options.growth:
        found.growth = growth.run(able, make, options.steps, options.repeats, _say(terminal))
    if options.startup:
        _startup(options, settings, able, make, found, terminal)
    _write(options, found)
    _show(found, terminal)
    return 0


def _check(options):
    """Refuses what cannot work before any of the long work is done."""
    for name in options.contestants:
        validation.choice("contestants", name, CONTESTANTS)
    for flag in ("contestants", "nets", "batch_sizes"):
        values = getattr(options, flag)
        if not values:
            raise UsageError(f"--{flag} is empty. Name at least one, or leave the flag out.")
        if len(set(values)) < len(values):
            raise UsageError(f"--{flag} names one twice. Received: {','.join(values)}.")
    for flag in ("json_out", "plot_out"):
        path = getattr(options, flag)
        if path is not None:
            _writable(flag, path)


def _writable(flag, path):
    folder = Path(path).parent
    if not path or Path(path).is_dir():
        raise UsageError(f"--{flag} must name a file. Received: {path!r}.")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"--{flag}: {str(folder)!r} is no directory that can be written to.")


def _say(terminal):
    return lambda text: terminal.print(text, highlight=False, markup=False, soft_wrap=True)


def _able(options, found, terminal):
    """The contestants that can run here; of the others the reason is kept and said."""
    able = []
    for name in options.contestants:
        reason = process.missing(name, options.tf1_python)
        if reason is None:
            able.append(name)
        else:
            found.missing[name] = " ".join(reason.splitlines())
            _say(terminal)(f"{name} does not run: {found.missing[name]}")
    return able


def _speed(options, settings, able, make, found, terminal):
    for setting in settings:
        where = f"{setting.net}, batch {setting.batch}"
        _say(terminal)(f"{where}: {options.repeats} rounds of {', '.join(able)}")
        with Contest(able, _say(terminal), options.tf1_python) as contest:
            timings = contest.run(make(setting), options.repeats)
        _say_restless(timings, _say(terminal))
        for name in options.contestants:
            if name in found.missing:
                timings[name] = _absent(name, found.missing[name])
        ordered = {name: timings[name] for name in options.contestants}
        found.speed[setting.net, setting.batch] = ordered
        _title(terminal, where)
        terminal.print(report.speed(ordered))


def _say_restless(timings, say):
    """Who worked while it was another's turn."""
    for name, timing in timings.items():
        if timing.idle_cpu_share and timing.idle_cpu_share > RESTLESS:
            say(f"{name} was at work between its passes: {timing.idle_cpu_share:.0%} of a pass.")


def _absent(name, reason):
    return Timing(name, steps=0, failed=reason)


def _startup(options, settings, able, make, found, terminal):
    _say(terminal)(f"time to the first step: {options.repeats} rounds")
    starting = [name for name in able if name != "matmul"]
    found.startup = startup.run(
        starting, make(settings[0]), options.repeats, _say(terminal), options.tf1_python
    )


def _write(options, found):
    if options.json_out:
        measurements.write(options.json_out, found)
    if options.plot_out:
        from lab.benchmark import chart  # imports Matplotlib

        chart.save(found, options.plot_out)


def _show(found, terminal):
    if found.growth:
        _title(terminal, "growth")
        terminal.print(report.growth(found.growth))
    if found.startup:
        _title(terminal, "from the command to the end of the first step")
        terminal.print(report.startup(found.startup))
    if judged := found.judged():
        _title(terminal, "goals")
        terminal.print(report.goals(judged))


def _title(terminal, text):
    terminal.print(f"\n{text}\n", highlight=False, markup=False)
