"""Summarises repeated measurements: median and spread, slope and exponent."""

import statistics

import numpy as np


def spread(values):
    """Returns `median`, `min`, `max` and `iqr`, the distance between the quartiles.

    >>> spread([4.0, 1.0, 2.0, 3.0, 5.0])
    {'median': 3.0, 'min': 1.0, 'max': 5.0, 'iqr': 2.0}
    """
    low, high = np.percentile(values, [25, 75])
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "iqr": float(high - low),
    }


def growth(sizes, seconds):
    """Fits the growth of `seconds` with `sizes` by least squares, in two ways.

    Args:
        sizes: two or more numbers > 0.
        seconds: as many numbers > 0.

    Returns:
        A dict: `slope` and `intercept` of `seconds = intercept + slope * size`, and the `exponent`
        of `seconds ~ size ** exponent`, over all sizes.

    >>> fitted = growth([1, 2, 4], [3.0, 5.0, 9.0])
    >>> round(fitted["slope"], 6), round(fitted["intercept"], 6), round(fitted["exponent"], 3)
    (2.0, 1.0, 0.792)
    """
    slope, intercept = np.polyfit(sizes, seconds, 1)
    exponent, _ = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return {"slope": float(slope), "intercept": float(intercept), "exponent": float(exponent)}
