"""Six optimizers from the same start on the same batches: steps to a given loss."""

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
from tf_recipes._support import validation
from tf_recipes.training.splits import split

DEFAULT_RATE = 0.001  # Adam's
HIGHEST_TARGET = 2.0  # nats; a net that knows nothing of ten digits is at ln 10 = 2.3


def measure(
    data, say, rates=(0.01, 0.03, 0.1), target_loss=0.1, max_steps=30_000, seeds=5, tuning_seeds=2
):
    """Trains each optimizer until the loss on fixed training images is `target_loss`.

    At each of `rates`: gradient descent and momentum; at the lowest the others, too, and gradient
    descent at ten times the rate. Then all of them, each at its own best rate, which is searched
    for on other seeds, and Adam at its default rate.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line now and then.
        rates: different learning rates.
        target_loss: float in (0, 2], nats.
        max_steps: int; a run that is not there by then has not reached the target.
        seeds: int, starts, each with batches of its own.
        tuning_seeds: int, runs at each rate of the search.

    Returns:
        `Findings`.

    Raises:
        ValueError: for arguments that cannot be.
    """
    _check(rates, target_loss, max_steps, tuning_seeds)
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


def _check(rates, target_loss, max_steps, tuning_seeds):
    for rate in rates:
        validation.number("rates", rate, 0, open_low=True)
    if not rates or len(set(rates)) < len(rates):
        validation.fail(
            "`rates` must be different learning rates.", f"rates={list(rates)!r}", "Write 0.01,0.1."
        )
    validation.number("target_loss", target_loss, 0, HIGHEST_TARGET, open_low=True)
    validation.whole("max_steps", max_steps, 1)
    validation.whole("tuning_seeds", tuning_seeds, 1)


def _at_the_same_rates(racers, rates, seed, target):
    """Nobody gets more steps than gradient descent took at that rate."""
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
    wanted = [(BEST, name, tunings[name]["best"] or STARTS[name]) for name in racers]
    wanted.append((DEFAULT, "adam", DEFAULT_RATE))
    return [
        {"group": group, "base_rate": rate, **racers[name].run(rate, seed, target)}
        for group, name, rate in wanted
    ]


def _shown(run, seed):
    return run["seed"] == seed and run["group"] == BEST


def _text(run):
    steps = run["steps_to_target"]
    return f"{run['optimizer']} {run['end'] if steps is None else format(steps, '.0f')}"


def _summary(runs):
    keys = dict.fromkeys((run["group"], run["base_rate"], run["optimizer"]) for run in runs)
    return [_row(select(runs, group, name, base)) for group, base, name in sorted(keys, key=_order)]


def _order(key):
    group, base, name = key
    groups, names = (SAME, TENFOLD, BEST, DEFAULT), list(STARTS)
    return groups.index(group), base if group in (SAME, TENFOLD) else 0, names.index(name)


def _row(runs):
    return {
        "comparison": runs[0]["group"],
        "optimizer": runs[0]["optimizer"],
        "learning_rate": f"{runs[0]['learning_rate']:g}",
        "reached": reached(runs),
        "steps_to_target": _steps_text([run["steps_to_target"] for run in runs]),
    }


def _steps_text(steps):
    """Of those that reached the target."""
    steps = [each for each in steps if each is not None]
    if len(steps) > 1:
        return geometric(steps).text("{:.0f}")
    return f"{steps[0]:.0f}" if steps else "never"
