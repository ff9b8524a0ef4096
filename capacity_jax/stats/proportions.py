"""Shares of trials, with binomial intervals."""

import numpy as np
import scipy

from capacity_jax.stats.intervals import Interval


def share_interval(count: int, n: int, level: float = 0.95) -> Interval:
    """The share count/n with Wilson's score interval, which keeps within 0 and 1 and is none too narrow at 0.

    Raises:
      ValueError: n is not at least 1, or count does not lie between 0 and n.

    Example:
      >>> from capacity_jax.stats import share_interval
      >>> "{:.3f} [{:.3f}, {:.3f}]".format(*share_interval(155, 1000))
      '0.155 [0.134, 0.179]'
    """
    if n < 1:
        raise ValueError(f"n is {n}; it must be at least 1")
    if not 0 <= count <= n:
        raise ValueError(f"count is {count}; it must lie between 0 and n, {n}")
    bounds = scipy.stats.binomtest(int(count), int(n)).proportion_ci(level, "wilson")
    return Interval(count / n, float(bounds.low), float(bounds.high))


def share_difference(a: Interval, b: Interval) -> Interval:
    """The difference a − b of two independent shares, from their Wilson intervals at one level.

    References:
      Newcombe 1998, Interval estimation for the difference between independent proportions, method 10.

    Example:
      >>> from capacity_jax.stats import share_difference, share_interval
      >>> "{:.3f} [{:.3f}, {:.3f}]".format(*share_difference(share_interval(56, 70), share_interval(48, 80)))
      '0.200 [0.052, 0.334]'
    """
    difference = a.value - b.value
    low = difference - np.hypot(a.value - a.low, b.high - b.value)
    high = difference + np.hypot(a.high - a.value, b.value - b.low)
    return Interval(difference, float(low), float(high))
