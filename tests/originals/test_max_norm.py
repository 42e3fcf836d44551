import numpy as np
import pytest

ROOT = np.sqrt(3**2 + 0.3**2)  # norm of the first column of [[3, 4], [.3, .4]]


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (1, [[0.6, 0.8], [0.3, 0.4]]),  # each row: norm 5 is cut to 1, norm 0.5 is left alone
        (0, [[3 / ROOT, 3 / ROOT], [0.3 / ROOT, 0.3 / ROOT]]),
    ],
)
def test_both_forms_clip_alike(ran, axes, expected):
    arrays = ran("max_norm")
    by_hand, slot = (arrays[f"{form}/{axes}/weights"] for form in ("by_hand", "slot"))
    np.testing.assert_array_equal(by_hand, slot)
    np.testing.assert_allclose(slot, expected, rtol=1e-6)


def test_inside_the_ball_nothing_moves(ran):
    weights = ran("max_norm")["slot/1/weights"]
    np.testing.assert_array_equal(weights[1], np.float32([0.3, 0.4]))


def test_it_adds_no_loss(ran):
    arrays = ran("max_norm")
    assert [int(arrays[f"slot/{axes}/losses"]) for axes in (0, 1)] == [0, 0]
