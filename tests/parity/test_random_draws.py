import dataclasses

import keras
import numpy as np
import pytest

from tf_recipes.blocks.initializers import VarianceScaling
from tf_recipes.parity import random_draws
from tf_recipes.ports import EXACT, TEXTBOOK

RECORDED = random_draws.load()


def test_what_was_recorded_is_tf1s_truncated_normal():
    """sigma is sqrt(1.3 * 2 / 784); cut at 2 sigma, the normal has a deviation of 0.8796 sigma."""
    sigma = (1.3 * 2 / 784) ** 0.5
    he = RECORDED["he"]
    assert he["count"] == 784 * 12800
    assert he["max"] == pytest.approx(2 * sigma, rel=1e-6)
    assert he["std"] == pytest.approx(0.87962566 * sigma, rel=1e-3)
    assert he["histogram"].sum() == he["count"]
    limit = (3 / ((784 + 12800) / 2)) ** 0.5
    assert RECORDED["xavier"]["max"] == pytest.approx(limit, rel=1e-5)


@pytest.mark.parametrize("name", ["he", "xavier"])
def test_the_exact_initialisers_draw_as_tf1(name):
    assert random_draws.check_initializer(name, RECORDED[name], EXACT).passed


def test_he_normal_is_told_apart_by_every_statistic():
    verdict = random_draws.check_initializer("he", RECORDED["he"], TEXTBOOK)
    assert not verdict.passed
    assert all(z > random_draws.LIMIT for z in verdict.deviations.values())
    assert verdict.std_ratio == pytest.approx(1 - 0.0029, abs=7e-4)


def wrong_initializer(make):
    return dataclasses.replace(EXACT, initializer=lambda recipe: make)


@pytest.mark.parametrize(
    ("make", "statistic"),
    [
        (lambda seed: VarianceScaling(factor=2.008, seed=seed), "standard deviation"),
        (
            lambda seed: keras.initializers.RandomNormal(stddev=0.0506747, seed=seed),
            "truncation",
        ),
        (
            lambda seed: keras.initializers.RandomUniform(-0.0877711, 0.0877711, seed=seed),
            "two-sample chi-square",
        ),
    ],
    ids=["0.2 % wider", "not truncated", "uniform of the same deviation"],
)
def test_a_wrong_distribution_is_caught(make, statistic):
    verdict = random_draws.check_initializer("he", RECORDED["he"], wrong_initializer(make))
    assert verdict.deviations[statistic] > random_draws.LIMIT


@pytest.mark.parametrize("port", [EXACT, TEXTBOOK])
@pytest.mark.parametrize("keep_prob", [0.5, 0.8, 0.9])
def test_dropout_keeps_tf1s_share_and_scales_as_tf1(port, keep_prob):
    name = f"dropout_{keep_prob}"
    assert random_draws.check_dropout(name, RECORDED[name], port).passed


class HalfScaled(keras.layers.Dropout):
    def call(self, inputs, training=False):
        return super().call(inputs, training=training) / 2


@pytest.mark.parametrize(
    ("make", "statistic"),
    [
        (lambda r, name, dtype: keras.layers.Dropout(r.keep_prob, seed=1), "kept share"),
        (lambda r, name, dtype: keras.layers.Dropout(0.2015, seed=1), "kept share"),
        (lambda r, name, dtype: HalfScaled(0.2, seed=1), "factor"),
    ],
    ids=["rate for keep_prob", "0.15 % fewer", "half the factor"],
)
def test_a_wrong_dropout_is_caught(make, statistic):
    port = dataclasses.replace(EXACT, dropout=make)
    verdict = random_draws.check_dropout("dropout_0.8", RECORDED["dropout_0.8"], port)
    assert verdict.deviations[statistic] > random_draws.LIMIT


def test_the_worst_statistic_is_named():
    check = random_draws.DistributionCheck("he", "exact", {"a": 1.0, "b": np.inf}, 1.0)
    assert check.worst == ("b", np.inf)
    assert not check.passed
    assert not random_draws.DistributionCheck("he", "exact", {}, 1.0).passed
    assert not random_draws.DistributionCheck("he", "exact", {"a": np.nan}, 1.0).passed
