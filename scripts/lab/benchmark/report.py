"""Makes the tables that a run prints."""

from rich import box, table

from lab.benchmark import summary
from lab.benchmark.registry import CONTESTANTS

MEBI = 2**20
SIZE = {"layers": "hidden layer of 100", "batch": "image of a batch", "samples": "1,000 images"}


def speed(timings):
    """Makes the table of one workload: steps per second, ratio, memory and the first epoch."""
    shown = _table(
        "contestant", "steps/s", "min", "max", "IQR", "tf_recipes over it", "first epoch (s)"
    )
    shown.add_column("peak memory (MiB)", justify="right")
    shown.add_column("above import (MiB)", justify="right")
    ours = timings.get("tf_recipes")
    ours = summary.spread(ours.rates)["median"] if ours and not ours.failed else None
    for name, timing in timings.items():
        label = CONTESTANTS[name].label + (f" ({timing.note})" if timing.note else "")
        if timing.failed:
            shown.add_row(label, "not measured", *[""] * 7)
            continue
        spread = summary.spread(timing.rates)
        rates = (f"{spread[key]:,.0f}" for key in ("median", "min", "max", "iqr"))
        ratio = f"{ours / spread['median']:.2f} x" if ours else "-"
        shown.add_row(label, *rates, ratio, f"{timing.first_epoch:.2f}", *_memory(timing.memory))
    return shown


def _memory(memory):
    """Returns the cells of peak memory, and of peak memory less the memory after the import."""
    if memory.get("peak") is None or memory.get("imported") is None:
        return "-", "-"
    return f"{memory['peak'] / MEBI:,.0f}", f"{(memory['peak'] - memory['imported']) / MEBI:,.0f}"


def growth(series):
    """Makes the table of growth: median times over the sizes, with both fits."""
    shown = table.Table("grows", "contestant", "ms per", box=box.MARKDOWN)
    for heading in ("sizes: median times", "exponent", "slope", "at zero"):
        shown.add_column(heading, justify="right")
    for each in series:
        times = ", ".join(
            f"{size:,}: {1e3 * seconds:.3g}"
            for size, seconds in zip(each.sizes, each.medians(), strict=True)
        )
        fitted = each.fitted()
        shown.add_row(each.over, each.contestant, each.unit, times, *_fit(each.over, fitted))
    return shown


def _fit(over, fitted):
    """Returns the cells of exponent, slope and intercept."""
    if fitted is None:
        return "-", "-", "-"
    slope = 1e3 * fitted["slope"] * (1000 if over == "samples" else 1)
    return (
        f"{fitted['exponent']:.2f}",
        f"{slope:.3g} ms per {SIZE[over]}",
        f"{1e3 * fitted['intercept']:.3g} ms",
    )


def startup(seconds):
    """Makes the table of the seconds from the command to the end of the first step."""
    shown = _table("contestant", "median (s)", "min", "max", "IQR", "over keras")
    keras = summary.spread(seconds["keras"])["median"] if seconds.get("keras") else None
    for name, each in seconds.items():
        spread = summary.spread(each)
        figures = (f"{spread[key]:.2f}" for key in ("median", "min", "max", "iqr"))
        ratio = f"{spread['median'] / keras:.2f} x" if keras else "-"
        shown.add_row(CONTESTANTS[name].label, *figures, ratio)
    return shown


def goals(judged):
    """Makes the table of the goals: the wanted ratio, the reached ratio, and the verdict."""
    shown = _table("goal", "where", "wanted", "reached", "rounds", "met")
    for each in judged:
        if each.reached is None:
            shown.add_row(each.goal, each.where, each.wanted, "not measured", "", "-")
            continue
        rounds = f"{each.low:.2f} to {each.high:.2f}"
        met = "yes" if each.met else "no"
        shown.add_row(each.goal, each.where, each.wanted, f"{each.reached:.2f}", rounds, met)
    return shown


def _table(first, *numbers):
    """Makes an empty table; the columns after the first are right-justified."""
    shown = table.Table(first, box=box.MARKDOWN)
    for heading in numbers:
        shown.add_column(heading, justify="right")
    return shown
