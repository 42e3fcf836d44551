import numpy as np


def test_each_gradient_is_cut_at_the_threshold(ran):
    """Gradients 3, -0.05 and -7, threshold 0.1, gradient descent at rate 1 from 0."""
    arrays = ran("gradient_clipping")
    for name, expected in (("a", -0.1), ("b", 0.05), ("c", 0.1)):
        np.testing.assert_allclose(arrays[name], expected, rtol=1e-6, err_msg=name)


def test_the_step_is_counted(ran):
    assert ran("gradient_clipping")["global_step"] == 1
