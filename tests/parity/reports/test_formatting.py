import pytest

from tf_recipes.parity.reports import formatting

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0 %"), (0.00483, "0.48 %"), (0.0483, "4.83 %"), (1.2, "120 %"), (NAN, "nan %")],
)
def test_percent(value, shown):
    assert formatting.percent(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (1.2345, "1.23"), (123456.0, "1.23e+05"), (NAN, "nan"), (INF, "inf")],
)
def test_number(value, shown):
    assert formatting.number(value) == shown
