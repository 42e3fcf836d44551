"""An order that is drawn ahead is the one that NumPy would have drawn when its epoch begins."""

import numpy as np
import pytest

from tf_recipes.fast_fit.numpy_order import NumPyOrders


@pytest.fixture(autouse=True)
def seeded():
    np.random.seed(3)


def orders(ahead, between=lambda epoch: None, shuffle=True):
    """Returns the orders of five epochs, and a number that is drawn after them."""
    drawn, given = [], NumPyOrders(30, shuffle, lambda rows: rows.astype(np.int32))
    for epoch in range(5):
        drawn.append(given.next())
        if ahead:
            given.draw_ahead()
            given.draw_ahead()
        between(epoch)
    return np.array(drawn), np.random.rand()


def expected(between=lambda epoch: None):
    np.random.seed(3)
    drawn = []
    for epoch in range(5):
        drawn.append(np.random.permutation(30))
        between(epoch)
    return np.array(drawn), np.random.rand()


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize(
    "between",
    [
        lambda epoch: None,
        lambda epoch: epoch % 2 and np.random.randn(),  # leaves a second number behind
        lambda epoch: epoch == 1 and np.random.seed(8),
    ],
    ids=["nothing", "draws", "seeds"],
)
def test_the_orders_and_the_generator_are_those_without_it(ahead, between):
    found, after = orders(ahead, between)
    assert found.dtype == np.int32 and len({tuple(row) for row in found}) == 5
    rows, number = expected(between)
    np.testing.assert_array_equal(found, rows)
    assert after == number


def test_rows_that_are_not_shuffled_draw_nothing():
    found, after = orders(True, shuffle=False)
    assert (found == np.arange(30)).all()
    np.random.seed(3)
    assert after == np.random.rand()
