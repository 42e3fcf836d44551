"""Measures the chapter's claims about activations: saturated and dead units, gradients."""

import contextlib

from absl import logging

from lab.chapters import dying_units, sigmoid_nets
from lab.chapters.findings import Findings
from lab.chapters.settings import check_diagnose
from tf_recipes.training.splits import split

PARTS = ("sigmoid", "shock")


def measure(data, say, depths=(2, 8), epochs=5, shock_rate=2.0, seeds=5):
    """Trains the sigmoid nets, and the rectifying nets with one step at `shock_rate`.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each kind of net.
        depths: numbers of hidden layers of the sigmoid nets; the deepest net decides the claims.
        epochs: int, epochs of the sigmoid nets.
        shock_rate: float > 0, the learning rate of one step.
        seeds: int, number of seeds.

    Returns:
        `Findings`.

    Raises:
        ValueError: for an argument that breaks its rule.
    """
    check_diagnose(depths, shock_rate)
    train, _, test = split(data, "float32")
    with without_warnings():
        sigmoid = sigmoid_nets.measure(train, test, say, sorted(set(depths)), epochs, seeds)
        shocked = dying_units.measure(train, test, say, shock_rate, seeds)
    settings = {"depths": list(depths), "epochs": epochs, "shock_rate": shock_rate, "seeds": seeds}
    return Findings(
        settings,
        sigmoid + shocked,
        sigmoid_nets.summary(sigmoid) + dying_units.summary(shocked),
        sigmoid_nets.claims(sigmoid) + dying_units.claims(shocked, shock_rate),
    )


def draw(findings):
    """Draws a figure for each claim: `diagnose_sigmoid`, `_xavier`, `_relu` and `_leaky_elu`."""
    runs = {part: [run for run in findings.runs if run["part"] == part] for part in PARTS}
    shock_rate = findings.settings["shock_rate"]
    return sigmoid_nets.draw(runs["sigmoid"]) | dying_units.draw(runs["shock"], shock_rate)


@contextlib.contextmanager
def without_warnings():
    """Suppresses the monitors' warnings: the chapter measures what they warn of."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)
