"""A learning rate from a range test; then a lower one, a higher one, and one that decays."""

import math

import numpy as np

from lab.chapters import nets
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from lab.chapters.learning_rate_figure import draw as draw
from lab.chapters.learning_rate_training import Trainer
from lab.chapters.optimizer_race import BATCH_SIZE
from tf_recipes._support import validation
from tf_recipes.recipe import Recipe
from tf_recipes.tools.range_test import LearningRateRangeTest
from tf_recipes.training.splits import split

APART = 10  # the low rate, the suggested one and the high one are so many times apart
LOW, SUGGESTED, HIGH, DECAYING = "low", "suggested", "high", "high, decaying"


def measure(data, say, epochs=10, target_accuracy=0.9, seeds=5):
    """Tests the range of rates, and trains at four that follow from it, from each seed.

    The suggested rate is the median over the seeds. The low one is a tenth of it; the high one ten
    times as high, which is where the range test's loss was lowest. The decaying one goes from the
    high to the low one during the training, by `exponential_decay`.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        epochs: int, of each training.
        target_accuracy: float in (0, 1), of the validation images.
        seeds: int, starts.

    Returns:
        `Findings`.

    Raises:
        ValueError: for arguments that cannot be, or if no range test suggests a rate.
    """
    validation.whole("epochs", epochs, 1)
    validation.number("target_accuracy", target_accuracy, 0, 1, open_low=True, open_high=True)
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
    optimizer = {"name": "momentum", "learning_rate": rate}
    return Recipe("learning_rate", optimizer=optimizer, schedule=schedule)


def _range_test(model, x, y, seed):
    test, order = LearningRateRangeTest(), np.random.default_rng(seed).permutation(len(y))
    epochs = math.ceil(test.steps / math.ceil(len(y) / BATCH_SIZE))
    arguments = {"batch_size": BATCH_SIZE, "epochs": epochs, "shuffle": False, "verbose": 0}
    suggestion = test.run(model, x[order], y[order], **arguments)
    found = {"seed": seed, "suggestion": suggestion, "reason": test.reason}
    curve = test.curve
    return {**found, "smoothing": test.smoothing, "rates": curve.rates, "losses": curve.losses}


def _rates(tests):
    suggested = [test["suggestion"] for test in tests if test["suggestion"] is not None]
    if not suggested:
        validation.fail(
            "A range test must suggest a learning rate.",
            f"none in {len(tests)} tests: {tests[0]['reason']}",
            "Give more images.",
        )
    middle = float(np.median(suggested))
    high = APART * middle
    return {LOW: middle / APART, SUGGESTED: middle, HIGH: high, DECAYING: high}


def _of(runs, name, key):
    return [run[key] for run in runs if run["rate"] == name]


def _epochs_to_target(runs, name, settings):
    """Of each seed; the whole training, which is too few, where the target was not reached."""
    found = _of(runs, name, "epochs_to_target")
    return [settings["epochs"] if each is None else each for each in found]


def _reached(runs, name):
    found = _of(runs, name, "epochs_to_target")
    return f"{sum(each is not None for each in found)} of {len(found)}"


def _summary(runs, settings):
    return [
        {
            "rate": name,
            "learning_rate": f"{rate:.3g}",
            "reached": _reached(runs, name),
            "epochs_to_target": _mean_text(_of(runs, name, "epochs_to_target")),
            "test_accuracy": estimate(_of(runs, name, "test_accuracy")).text("{:.2%}"),
        }
        for name, rate in settings["rates"].items()
    ]


def _mean_text(epochs):
    """Of those that reached the target."""
    epochs = [each for each in epochs if each is not None]
    if len(epochs) > 1:
        return estimate(epochs).text("{:.2f}")
    return f"{epochs[0]:.2f}" if epochs else "never"


def _claims(runs, settings):
    """The three parts of the last chapter's advice, seed by seed."""
    epochs, target = settings["epochs"], f"{settings['target_accuracy']:.0%} validation accuracy"

    def gain(one, other):
        ones, others = (_of(runs, name, "test_accuracy") for name in (one, other))
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
    return f"{run['rate']} {run['test_accuracy']:.2%}"
