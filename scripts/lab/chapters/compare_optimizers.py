"""Counts the steps of six optimizers to a given loss, from equal starts on equal batches."""

import math

from lab.chapters.findings import Findings
from lab.chapters.optimizer_claims import (
    BEST,
    DEFAULT,
    SAME,
    TENFOLD,
    counted,
    judge,
    reached,
    select,
)
from lab.chapters.optimizer_figure import draw as draw
from lab.chapters.optimizer_race import BATCH_SIZE, FIXED, STARTS, Racer, Track
from lab.chapters.optimizer_tuning import tune
from lab.chapters.ratios import geometric
from lab.chapters.settings import check_compare_optimizers
from tf_recipes.training.splits import split

DEFAULT_RATE = 0.001  # default learning rate of Adam


def measure(
    data, say, rates=(0.01, 0.03, 0.1), target_loss=0.1, max_steps=30_000, seeds=5, tuning_seeds=2
):
    """Trains each optimizer until the loss on fixed training images is `target_loss`.

    Gradient descent and momentum are trained at each of `rates`; at the lowest rate the other
    optimizers are trained, too, and gradient descent at ten times the rate. Then every optimizer is
    trained at its own best rate, which is found on other seeds, and Adam at its default rate.

    Args:
        data: a `mnist.Mnist`.
        say: called with each line on progress.
        rates: different learning rates.
        target_loss: float in (0, 2], nats.
        max_steps: int, largest number of steps of a run.
        seeds: int, number of seeds; a seed decides the start and the batches.
        tuning_seeds: int, runs at each rate in the search for the best rate.

    Returns:
        `Findings`.

    Raises:
        ValueError: for an argument that breaks its rule.
    """
    check_compare_optimizers(rates, target_loss, max_steps, tuning_seeds)
    track = Track(*split(data, "float32")[0], max_steps)
    racers, tunings, runs = {}, {}, []
    for name in STARTS:
        racers[name] = Racer(name, track)
        tunings[name] = tune(racers[name], target_loss, tuning_seeds)
        say(f"{name}: best rate {tunings[name]['best']}")
    for seed in range(seeds):
        runs += _at_the_same_rates(racers, sorted(rates), seed, target_loss)
        runs += _at_the_best_rates(racers, tunings, seed, target_loss)
        say(f"seed {seed}: " + ", ".join(_text(run) for run in runs if _shown(run, seed)))
    settings = {"rates": sorted(rates), "target_loss": target_loss, "max_steps": max_steps}
    settings |= {"seeds": seeds, "tuning_seeds": tuning_seeds, "batch_size": BATCH_SIZE}
    settings["images_of_the_loss"] = FIXED
    claims = judge(runs, tunings, settings)
    return Findings(settings, runs, _summary(runs), claims, {"tuning": tunings})


def _at_the_same_rates(racers, rates, seed, target):
    """Trains at equal rates; no optimizer gets more steps than gradient descent took."""
    runs = []
    for base in rates:
        plain = racers["gradient_descent"].run(base, seed, target)
        most = math.ceil(counted([plain])[0])
        runs.append({"group": SAME, "base_rate": base, **plain})
        for name in [name for name in racers if name != "gradient_descent"]:
            if name == "momentum" or base == rates[0]:
                run = racers[name].run(base, seed, target, most)
                runs.append({"group": SAME, "base_rate": base, **run})
        if base == rates[0]:
            tenfold = racers["gradient_descent"].run(10 * base, seed, target, most)
            runs.append({"group": TENFOLD, "base_rate": base, **tenfold})
    return runs


def _at_the_best_rates(racers, tunings, seed, target):
    """Trains every optimizer at its best rate, and Adam at its default rate."""
    wanted = [(BEST, name, tunings[name]["best"] or STARTS[name]) for name in racers]
    wanted.append((DEFAULT, "adam", DEFAULT_RATE))
    return [
        {"group": group, "base_rate": rate, **racers[name].run(rate, seed, target)}
        for group, name, rate in wanted
    ]


def _shown(run, seed):
    """Returns whether the line on progress of a seed names the run."""
    return run["seed"] == seed and run["group"] == BEST


def _text(run):
    """Returns the optimizer and its steps, or the end of a run that missed the target."""
    steps = run["steps_to_target"]
    return f"{run['optimizer']} {run['end'] if steps is None else format(steps, '.0f')}"


def _summary(runs):
    """Returns a row for each group, rate and optimizer."""
    keys = dict.fromkeys((run["group"], run["base_rate"], run["optimizer"]) for run in runs)
    return [_row(select(runs, group, name, base)) for group, base, name in sorted(keys, key=_order)]


def _order(key):
    """Returns the sort key of a row: group, then rate, then optimizer."""
    group, base, name = key
    groups, names = (SAME, TENFOLD, BEST, DEFAULT), list(STARTS)
    return groups.index(group), base if group in (SAME, TENFOLD) else 0, names.index(name)


def _row(runs):
    """Returns the row of the runs of one optimizer in one group."""
    return {
        "comparison": runs[0]["group"],
        "optimizer": runs[0]["optimizer"],
        "learning_rate": f"{runs[0]['learning_rate']:g}",
        "reached": reached(runs),
        "steps_to_target": _steps_text([run["steps_to_target"] for run in runs]),
    }


def _steps_text(steps):
    """Returns the mean steps of the runs that reached the target, as text."""
    steps = [each for each in steps if each is not None]
    if len(steps) > 1:
        return geometric(steps).text("{:.0f}")
    return f"{steps[0]:.0f}" if steps else "never"
