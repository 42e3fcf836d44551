"""Formats the numbers of the check for people."""


def number(value: float) -> str:
    """Returns a number with three digits, and an exponent only where it is needed.

    >>> number(1.2345), number(123456.0), number(float("inf"))
    ('1.23', '1.23e+05', 'inf')
    """
    return f"{value:.3g}"


def percent(value: float) -> str:
    """Returns a drift in percent.

    >>> percent(0.0483)
    '4.83 %'
    """
    return f"{100 * value:.2g} %" if value < 0.01 else f"{100 * value:.3g} %"
