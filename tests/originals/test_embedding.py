import numpy as np
import pytest

TABLE = np.float32([[3.0, 4.0], [0.3, -0.4], [0.0, 0.0], [-1.0, 2.0]])
IDS = [[0, 1], [2, 3], [0, 3]]


def test_without_a_limit_rows_come_as_they_are(ran):
    arrays = ran("embedding")
    np.testing.assert_array_equal(arrays["rows/None"], TABLE[IDS])
    np.testing.assert_array_equal(arrays["gradient/None"], [[10, 12], [3, 4], [5, 6], [18, 20]])


@pytest.mark.parametrize("max_norm", [1.0, 0.7])
def test_rows_above_the_limit_are_cut_and_others_are_not(ran, max_norm):
    rows = ran("embedding")[f"rows/{max_norm}"]
    norms = np.minimum(np.linalg.norm(TABLE, axis=1), max_norm)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=-1), norms[IDS], rtol=1e-6)
    np.testing.assert_allclose(rows[0, 1], TABLE[1], rtol=1e-6)


def test_the_gradient_of_a_cut_row_does_not_change_its_length(ran):
    gradient = ran("embedding")["gradient/1.0"]
    np.testing.assert_allclose((gradient * TABLE).sum(1)[[0, 3]], 0, atol=1e-5)
    np.testing.assert_allclose(gradient[1], [3, 4], rtol=1e-6)
