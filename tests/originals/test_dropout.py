import numpy as np
import pytest


@pytest.mark.parametrize(("keep_prob", "scale"), [(0.5, 2.0), (0.8, 1.25)])
def test_kept_units_are_scaled_and_the_share_is_right(ran, keep_prob, scale):
    values = ran("dropout")[f"training/{keep_prob}"]
    assert set(np.unique(values)) == {np.float32(0), np.float32(scale)}
    error = np.sqrt(keep_prob * (1 - keep_prob) / values.size)
    assert abs(np.mean(values != 0) - keep_prob) < 5 * error


def test_evaluation_keeps_all(ran):
    for keep_prob in (0.5, 0.8):
        assert (ran("dropout")[f"evaluation/{keep_prob}"] == 1).all()


def test_the_network_draws_on_the_input_and_each_hidden_layer(ran):
    assert ran("dropout")["draws/training"] == 3
    assert ran("dropout")["draws/evaluation"] == 0


def test_in_evaluation_the_network_is_the_plain_one(ran):
    plain, dropped = ran("dense"), ran("dropout")
    for name in plain:
        np.testing.assert_array_equal(dropped[name], plain[name], err_msg=name)
