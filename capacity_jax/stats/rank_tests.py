"""Comparisons that need no scale: which of two groups is ahead, and where the middle of one lies."""

import numpy as np
import scipy

from capacity_jax.stats.intervals import Interval


def superiority_interval(a, b, level: float = 0.95) -> Interval:
    """P(a < b) + P(a = b)/2: how probably a random value of a lies below one of b, with its interval.

    The interval is that of Brunner and Munzel: normal, with the variance of each group's placements in the other. Where
    one group lies wholly below the other that variance is 0; the groups are then taken to overlap by half a pair.
    Values may be infinite, as the loss of a diverged trial is, but not NaN.

    Raises:
      ValueError: a group has fewer than 2 values, or one is NaN.

    References:
      Brunner & Munzel 2000, The Nonparametric Behrens-Fisher Problem.

    Example:
      >>> from capacity_jax.stats import superiority_interval
      >>> superiority_interval([1, 2, 3, 4], [3, 4, 5, float("inf")]).value
      0.875
    """
    a, b = _group("a", a), _group("b", b)
    # [n_a, n_b]: 1 where a is ahead, 1/2 where they tie.
    ahead = np.mean([a[:, None] < b, a[:, None] <= b], axis=0)
    value, slack = float(ahead.mean()), 0.5 / ahead.size
    variance = ahead.mean(1).var(ddof=1) / len(a) + ahead.mean(0).var(ddof=1) / len(b)
    if variance == 0:
        p = min(max(value, slack), 1 - slack)
        variance = p * (1 - p) / min(len(a), len(b))
    half = scipy.special.ndtri((1 + level) / 2) * np.sqrt(variance)
    return Interval(value, max(0.0, float(value - half)), min(1.0, float(value + half)))


def median_interval(values, level: float = 0.95) -> Interval:
    """The median with the interval of its order statistics, which holds whatever the distribution.

    Values may be infinite; with fewer values than the level needs (6 for 95%) the bounds are NaN.

    Raises:
      ValueError: there is no value, or one is NaN.

    Example:
      >>> from capacity_jax.stats import median_interval
      >>> median_interval([1, 2, 3, 4, 5, 6, 7, 8])
      Interval(value=4.5, low=1.0, high=8.0)
    """
    values = np.sort(_group("values", values, at_least=1))
    n = len(values)
    middle = values[[(n - 1) // 2, n // 2]]
    median = float(middle.mean()) if np.isfinite(middle).all() else float(middle[1])
    # The k-th smallest and k-th largest values enclose the median unless k or more fair coins of n fall one way.
    k = int(scipy.stats.binom.ppf((1 - level) / 2, n, 0.5))
    return Interval(median, float(values[k - 1]), float(values[n - k])) if k else Interval(median, np.nan, np.nan)


def _group(name, values, at_least=2):
    values = np.asarray(values, float).ravel()
    if len(values) < at_least:
        raise ValueError(f"{name} has {len(values)} values; at least {at_least} are needed")
    if np.isnan(values).any():
        raise ValueError(f"{name} holds NaN; every value must be a number or infinite")
    return values
