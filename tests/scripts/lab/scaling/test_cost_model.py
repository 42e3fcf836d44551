import itertools

import numpy as np
import pytest

from lab.scaling.cost_model import Cost, Measured, fit, ring_bytes

COST = Cost(fixed=2e-4, update=3e-10, compute=4e-11, message=1e-3, byte=1e-9)
POINTS = [*itertools.product((1, 2, 4), (20_000, 300_000, 4_000_000), (64, 1024))]


def test_a_step_by_hand():
    # two workers to a core: 2 (0.0002 + 3e-10 1e6 + 4e-11 1e6 1000 / 4) + 3 0.001 + 1e-9 24e6
    assert COST.seconds(4, 10**6, 1000, cores=2) == pytest.approx(
        2 * (0.0002 + 0.0003 + 0.01) + 0.003 + 0.024
    )
    # a core each: 0.0002 + 0.0003 + 0.01 + 0.003, and each sends 6 MB at 100 MB/s
    assert COST.on_a_cluster(4, 10**6, 1000, bandwidth=1e8) == pytest.approx(0.0135 + 0.06)


def test_the_fit_finds_the_coefficients_again():
    measured = [Measured(w, p, b, COST.seconds(w, p, b, cores=2)) for w, p, b in POINTS]
    found, errors = fit(measured, cores=2)
    for name in ("fixed", "update", "compute", "message", "byte"):
        assert getattr(found, name) == pytest.approx(getattr(COST, name), rel=1e-6), name
    np.testing.assert_allclose(errors, 0, atol=1e-9)


def test_no_coefficient_is_below_zero():
    noise = np.random.default_rng(0).uniform(0.5, 2, len(POINTS))
    measured = [
        Measured(w, p, b, COST.seconds(w, p, b, 2) * n)
        for (w, p, b), n in zip(POINTS, noise, strict=True)
    ]
    found, errors = fit(measured, cores=2)
    assert min(vars(found).values()) >= 0
    assert np.sqrt(np.mean(errors**2)) < 0.5


@pytest.mark.parametrize("workers", [2, 4, 16])
@pytest.mark.parametrize("bandwidth", [1e8, 1e10])
def test_at_the_break_even_a_cluster_takes_as_long_as_one_worker(workers, bandwidth):
    rows = COST.break_even(workers, 10**6, bandwidth)
    one = COST.on_a_cluster(1, 10**6, rows, bandwidth)
    assert COST.on_a_cluster(workers, 10**6, rows, bandwidth) == pytest.approx(one)
    assert COST.on_a_cluster(workers, 10**6, 2 * rows, bandwidth) < one + COST.compute * 1e6 * rows


def test_what_costs_nothing_is_not_worth_sharing_out():
    assert Cost(0.0, 0.0, 0.0, 1e-3, 0.0).break_even(2, 1000, 1e9) == float("inf")


@pytest.mark.parametrize("workers, sent", [(1, 0), (2, 8_000), (4, 24_000)])
def test_bytes_of_a_ring(workers, sent):
    assert ring_bytes(workers, 1000) == sent
