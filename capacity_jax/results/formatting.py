"""Numbers as a reader wants them."""

import numpy as np

from capacity_jax.stats.intervals import Interval


def in_words(interval: Interval, unit: str = "") -> str:
    """An estimate and its bounds to two decimals, small ones to two digits; or that they are missing.

    Example:
      >>> from capacity_jax.estimators import Interval
      >>> in_words(Interval(4.1, 3.9, 4.3), "bits")
      '4.10 [3.90, 4.30] bits'
    """
    if np.isnan(interval.value):
        return "not measured"
    bounds = "(no interval)" if np.isnan(interval.low) else f"[{_digits(interval.low)}, {_digits(interval.high)}]"
    return f"{_digits(interval.value)} {bounds} {unit}".rstrip()


def _digits(value):
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"
