"""Tests penalties of weights [[1, -2], [3, -4]]: sum|w| = 10, sum(w^2)/2 = 15; base loss 2."""

import pytest


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("none", 2),
        ("l1", 2 + 0.5 * 10),
        ("l2", 2 + 0.25 * 15),
        ("l1_l2", 2 + 0.5 * 10 + 0.25 * 15),
    ],
)
def test_the_slot_adds_its_arithmetic(ran, name, total):
    assert ran("regularization")[name][0] == total


@pytest.mark.parametrize("name", ["l1", "l2"])
def test_by_hand_is_the_same(ran, name):
    slot, by_hand = ran("regularization")[name]
    assert slot == by_hand
