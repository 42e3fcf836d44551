import json

import numpy as np
import pytest

from tf_recipes.parity.tf1 import compat


def test_summary_in_literal_arithmetic():
    values = np.float32([[-1, -1], [1, 1], [3, -3]])
    summary = compat.original("runners.draws").summary(values)
    assert summary["count"] == 6
    assert summary["mean"] == 0
    np.testing.assert_allclose(summary["std"], np.sqrt(22 / 6), rtol=1e-15)
    # (4 * 1 + 2 * 81) / 6 over the square of 22 / 6
    np.testing.assert_allclose(summary["kurtosis"], (166 / 6) / (22 / 6) ** 2, rtol=1e-15)
    assert (summary["min"], summary["max"]) == (-3, 3)
    assert (summary["edges"][0], summary["edges"][-1]) == (-3, 3)
    assert len(summary["edges"]) == 201
    assert summary["histogram"].shape == (200,)
    assert summary["histogram"].sum() == 6
    assert summary["histogram"][0] == summary["histogram"][-1] == 1


def test_what_is_recorded_of_each(ran):
    arrays = ran("distributions")
    keys = ("count", "mean", "std", "kurtosis", "min", "max", "edges", "histogram")
    expected = {f"{name}/{key}" for name in ("he", "xavier") for key in keys}
    for keep_prob in ("0.5", "0.8", "0.9"):
        expected |= {f"dropout_{keep_prob}/{key}" for key in ("count", "kept", "scale")}
    assert arrays.keys() == {*expected, "provenance"}
    assert "tensorflow" in json.loads(str(arrays["provenance"]))


@pytest.mark.parametrize(("keep_prob", "scale"), [(0.5, 2.0), (0.8, 1.25), (0.9, 1 / 0.9)])
def test_dropout_has_one_scale_and_its_share(ran, keep_prob, scale):
    arrays = ran("distributions")
    count, kept, scales = (
        arrays[f"dropout_{keep_prob}/{key}"] for key in ("count", "kept", "scale")
    )
    assert count == 784 * 20
    np.testing.assert_allclose(scales, [scale], rtol=1e-7)
    assert abs(kept - keep_prob * count) < 5 * np.sqrt(count * keep_prob * (1 - keep_prob))


@pytest.mark.parametrize(
    ("name", "limit"),
    [("he", 2 * np.sqrt(2.6 / 784)), ("xavier", np.sqrt(6 / (784 + 20)))],
)
def test_the_bounds(ran, name, limit):
    arrays = ran("distributions")
    assert 0.99 * limit < arrays[f"{name}/max"] <= limit * (1 + 1e-6)
    assert -0.99 * limit > arrays[f"{name}/min"] >= -limit * (1 + 1e-6)
