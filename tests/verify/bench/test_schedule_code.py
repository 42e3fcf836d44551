"""The code of a schedule, from graphs of TF 1.15 and the rates that their programs name."""

from pathlib import Path

import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes.graph import meta_graph
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench import schedule_code

PROGRAMS = Path(__file__).parents[2] / "goldens" / "verify"
K = np.arange(20)
# program -> (steps taken before, the rates of 20 steps by the chapter's formula, the code)
WRITTEN = {
    "contrib_batch_norm": (
        0,
        0.1 * 0.5 ** (K / 3),
        "tf_recipes.exponential_decay(0.1, decay_steps=3, decay_rate=0.5)",
    ),
    "two_losses": (
        7,
        0.05 * 0.5 ** ((K + 7) // 4),
        "tf_recipes.exponential_decay(0.05, decay_steps=4, decay_rate=0.5, staircase=True)",
    ),
    "training_flag": (
        0,
        np.where(K <= 1, 0.1, np.where(K <= 3, 0.05, 0.01)),
        "keras.optimizers.schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.05, 0.01])",
    ),
    "shared_weights": (
        0,
        (0.02 - 0.002) * (1 - np.minimum(K, 8) / 8) + 0.002,
        "keras.optimizers.schedules.PolynomialDecay("
        "0.02, decay_steps=8, end_learning_rate=0.002, power=1)",
    ),
}


def written(program, taken, rates):
    structure = Structure(meta_graph.read(PROGRAMS / program / "model.ckpt.meta"))
    return schedule_code.written(structure, structure.updates[0], np.float32(rates), taken)


@pytest.mark.parametrize("program", WRITTEN)
def test_the_code_has_the_numbers_of_the_program(program):
    taken, rates, code = WRITTEN[program]
    assert written(program, taken, rates) == code
    schedule = eval(code, {"tf_recipes": tf_recipes, "keras": keras})  # as a reader would
    got = [float(schedule(taken + int(k))) for k in K]
    np.testing.assert_allclose(got, rates, rtol=2e-6)


def test_rates_that_the_graph_does_not_give_have_no_code():
    taken, rates, _ = WRITTEN["contrib_batch_norm"]
    assert written("contrib_batch_norm", taken, rates * 1.001) is None
    assert written("training_flag", 0, np.full(20, 0.1)) is None  # without its edges
