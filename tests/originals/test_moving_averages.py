import numpy as np
import pytest

WEIGHTS = [0.31640625, -1.17236328125, 0.01875]


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("plain", [1.0, -2.0, 0.3], [0.8259468674659729, -1.8016284704208374, 0.21908998489379883]),
        (
            "num_updates",
            [1.0, -2.0, 0.3],
            [0.37592679262161255, -1.2604697942733765, 0.03237699717283249],
        ),
        ("debiased", [0.0] * 3, [0.49388447403907776, -1.423171043395996, 0.06472811847925186]),
    ],
)
def test_the_averages_move_beside_the_weights(ran, name, start, end):
    arrays = ran("moving_averages")
    np.testing.assert_allclose(arrays[name][0], start, rtol=1e-6)
    np.testing.assert_allclose(arrays[name][-1], end, rtol=1e-6)
    np.testing.assert_allclose(arrays[f"{name}/weights"], WEIGHTS, rtol=1e-6)


def test_a_second_program_restores_the_averages_into_the_weights(ran):
    arrays = ran("moving_averages")
    np.testing.assert_array_equal(arrays["restored"], arrays["plain"][-1])
