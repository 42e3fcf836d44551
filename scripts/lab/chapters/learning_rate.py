"""Finds a learning rate with a range test, and trains at lower, higher and decaying rates."""

import math

import numpy as np

from lab.chapters import nets
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from lab.chapters.learning_rate_figure import draw as draw
from lab.chapters.learning_rate_training import Trainer
from lab.chapters.optimizer_race import BATCH_SIZE, HIDDEN
from lab.chapters.settings import check_learning_rate
from tf_recipes._support import validation
from tf_recipes.recipe import Recipe
from tf_recipes.tools.range_test import LearningRateRangeTest
from tf_recipes.training.splits import split

APART = 10  # factor from the low rate to the suggested rate, and from this to the high rate
LOW, SUGGESTED, HIGH, DECAYING = "low", "suggested", "high", "high, decaying"


def measure(data, say, epochs=10, target_accuracy=0.9, seeds=5):
    """Runs the range test, and trains at four rates that follow from it, from each seed.

    The suggested rate is the median over the seeds. The low rate is a tenth of the suggested rate.
    The high rate is ten times the suggested rate; there the loss of the range test was lowest. The
    decaying rate falls from the high to the low rate during the training, by `exponential_decay`.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        epochs: int, epochs of each training.
        target_accuracy: float in (0, 1), accuracy on the validation images.
        seeds: int, number of seeds.

    Returns:
        `Findings`.

    Raises:
        ValueError: for an argument that breaks its rule, or if no range test suggests a rate.
    """
    check_learning_rate(epochs, target_accuracy)
    train, held_out, test = split(data, "float32")
    constant = nets.Restarts(lambda seed: nets.build(_recipe(0.01), seed))
    tests = [_range_test(constant(seed), *train, seed) for seed in range(seeds)]
    rates = _rates(tests)
    say("; ".join(f"{name} rate {rate:.3g}" for name, rate in rates.items()))
    decay = {"decay_steps": epochs * len(train[1]) / BATCH_SIZE, "decay_rate": 1 / APART**2}
    falling = nets.Restarts(lambda seed: nets.build(_recipe(rates[HIGH], decay), seed))
    steady, falling = (Trainer(each, train, held_out, epochs) for each in (constant, falling))
    runs = []
    for seed in range(seeds):
        for name, rate in rates.items():
            trainer = falling if name == DECAYING else steady
            run = trainer.run(seed, None if name == DECAYING else rate, target_accuracy)
            run["test_accuracy"] = nets.accuracy(trainer.model, *test)
            runs.append({"rate": name, "learning_rate": rate, "seed": seed, **run})
        say(f"seed {seed}: " + ", ".join(_text(run) for run in runs[-len(rates) :]))
    settings = {"epochs": epochs, "target_accuracy": target_accuracy, "seeds": seeds}
    settings |= {"rates": rates, "decay": decay, "batch_size": BATCH_SIZE}
    return Findings(
        settings, runs, _summary(runs, settings), _claims(runs, settings), {"range_tests": tests}
    )


def _recipe(rate, schedule=None):
    """Returns the recipe of the net, trained by momentum."""
    optimizer = {"name": "momentum", "learning_rate": rate}
    return Recipe("learning_rate", hidden=tuple(HIDDEN), optimizer=optimizer, schedule=schedule)


def _range_test(model, x, y, seed):
    """Runs one range test, and returns its suggestion and its curve."""
    test, order = LearningRateRangeTest(), np.random.default_rng(seed).permutation(len(y))
    epochs = math.ceil(test.steps / math.ceil(len(y) / BATCH_SIZE))
    arguments = {"batch_size": BATCH_SIZE, "epochs": epochs, "shuffle": False, "verbose": 0}
    suggestion = test.run(model, x[order], y[order], **arguments)
    result = {"seed": seed, "suggestion": suggestion, "reason": test.reason}
    curve = test.curve
    return {**result, "smoothing": test.smoothing, "rates": curve.rates, "losses": curve.losses}


def _rates(tests):
    """Returns the four rates by name, from the suggestions of all range tests."""
    suggested = [test["suggestion"] for test in tests if test["suggestion"] is not None]
    if not suggested:
        validation.fail(
            "A range test must suggest a learning rate.",
            f"none in {len(tests)} tests: {tests[0]['reason']}",
            "Pass more images.",
        )
    median = float(np.median(suggested))
    high = APART * median
    return {LOW: median / APART, SUGGESTED: median, HIGH: high, DECAYING: high}


def _values(runs, name, key):
    """Returns the figure `key` of the runs at one rate, in the order of the seeds."""
    return [run[key] for run in runs if run["rate"] == name]


def _epochs_to_target(runs, name, settings):
    """Returns each seed's epochs to the target; a run that missed the target has all epochs."""
    counts = _values(runs, name, "epochs_to_target")
    return [settings["epochs"] if each is None else each for each in counts]


def _reached(runs, name):
    """Returns how many runs at one rate reached the target, such as `4 of 5`."""
    counts = _values(runs, name, "epochs_to_target")
    return f"{sum(each is not None for each in counts)} of {len(counts)}"


def _summary(runs, settings):
    """Returns a row for each rate."""
    return [
        {
            "rate": name,
            "learning_rate": f"{rate:.3g}",
            "reached": _reached(runs, name),
            "epochs_to_target": _mean_text(_values(runs, name, "epochs_to_target")),
            "test_accuracy": estimate(_values(runs, name, "test_accuracy")).text("{:.2%}"),
        }
        for name, rate in settings["rates"].items()
    ]


def _mean_text(epochs):
    """Returns the mean epochs of the runs that reached the target, as text."""
    epochs = [each for each in epochs if each is not None]
    if len(epochs) > 1:
        return estimate(epochs).text("{:.2f}")
    return f"{epochs[0]:.2f}" if epochs else "never"


def _claims(runs, settings):
    """Judges the three parts of the chapter's closing advice, seed by seed."""
    epochs, target = settings["epochs"], f"{settings['target_accuracy']:.0%} validation accuracy"

    def gain(one, other):
        ones, others = (_values(runs, name, "test_accuracy") for name in (one, other))
        return difference(ones, others)

    def later(one, other):
        return difference(*(_epochs_to_target(runs, name, settings) for name in (one, other)))

    faster = later(HIGH, LOW)
    losses = [gain(HIGH, name) for name in (LOW, SUGGESTED)]
    cured, still_faster = gain(DECAYING, HIGH), later(DECAYING, LOW)
    return [
        Claim(
            "when training converges too slowly, a higher learning rate makes it faster.",
            faster.below_zero,
            f"epochs more until {target}, high than low: {faster.text('{:+.2f}')}; "
            f"{_reached(runs, LOW)} low runs and {_reached(runs, HIGH)} high runs get there, and "
            f"those that do not count with {epochs} epochs.",
        ),
        Claim(
            "but then the accuracy is lower.",
            all(each.below_zero for each in losses),
            f"test accuracy after {epochs} epochs, high above low: {losses[0].text('{:+.2%}')}; "
            f"high above suggested: {losses[1].text('{:+.2%}')}.",
        ),
        Claim(
            "then learning rate decay cures that.",
            cured.above_zero and still_faster.below_zero,
            f"test accuracy after {epochs} epochs, decaying above constantly high: "
            f"{cured.text('{:+.2%}')}; decaying above suggested: "
            f"{gain(DECAYING, SUGGESTED).text('{:+.2%}')}; epochs more until {target}, decaying "
            f"than low: {still_faster.text('{:+.2f}')}.",
        ),
    ]


def _text(run):
    """Returns a run's rate and accuracy, for the line on progress."""
    return f"{run['rate']} {run['test_accuracy']:.2%}"
