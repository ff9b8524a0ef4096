"""Confidence intervals over seeds, and the line of bits against parameters."""

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from capacity_jax.checks import check_finite


class Interval(NamedTuple):
    """An estimate with the bounds of its confidence interval.

    Example:
      >>> from capacity_jax.stats import Interval
      >>> Interval(value=3.5, low=3.2, high=3.8).low
      3.2
    """

    value: float
    low: float
    high: float


NOTHING = Interval(np.nan, np.nan, np.nan)


def mean_interval(values, level: float = 0.95) -> Interval:
    """The mean of independent measurements, with Student's t interval.

    A single measurement has no interval: its bounds are NaN.

    Raises:
      ValueError: there is no value, or one is not finite, or level is not between 0 and 1.

    Example:
      >>> from capacity_jax.stats import mean_interval
      >>> "{:.2f} [{:.2f}, {:.2f}]".format(*mean_interval([3.4, 3.5, 3.6]))
      '3.50 [3.25, 3.75]'
    """
    values = _sample("values", values, at_least=1)
    _check_level(level)
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, np.nan, np.nan)
    half = float(stdtrit(len(values) - 1, (1 + level) / 2) * (values.std(ddof=1) / np.sqrt(len(values))))
    return Interval(mean, mean - half, mean + half)


def mean_or_nothing(values, level: float = 0.95) -> Interval:
    """`mean_interval` of the values that are finite; all NaN where there are none."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return mean_interval(values, level) if len(values) else NOTHING


def pooled_slope_interval(parameters, bits, level: float = 0.95) -> Interval:
    """Slope of the least-squares line through repeated measurements at several sizes, in bits per parameter.

    The slope is a weighted sum of the sizes' means, so its variance is that of the means alone: it comes from the
    spread of the measurements within each size. Sizes may spread differently; Student's t therefore has the degrees of
    freedom of Satterthwaite (1946). Where the truth bends, the interval is that of the slope of its nearest line.
    A size that was measured once leaves no interval: its bounds are NaN.

    Args:
      parameters: the size at which each value of `bits` was measured.
      bits: one value for each seed at each size.
      level: of confidence.

    Raises:
      ValueError: differing lengths, equal parameters, values that are not finite, or level is not between 0 and 1.

    Example:
      >>> from capacity_jax.stats import pooled_slope_interval
      >>> bits = [1790, 1810, 3580, 3620, 6410, 6430]
      >>> "{:.2f} [{:.2f}, {:.2f}]".format(*pooled_slope_interval([600, 600, 1200, 1200, 2145, 2145], bits))
      '2.99 [2.95, 3.03]'
    """
    parameters, bits = _pairs(parameters, bits)
    _check_level(level)
    weights = (parameters - parameters.mean()) / np.sum((parameters - parameters.mean()) ** 2)
    groups = [parameters == size for size in np.unique(parameters)]
    return _contrast([bits[one] for one in groups], [weights[one].sum() for one in groups], level)


def mean_difference(first, second, level: float = 0.95) -> Interval:
    """The difference of two sets of measurements, in the mean over the sizes that both were measured at.

    Args:
      first: for each size, one value for each seed.
      second: the same of the other set, at the same sizes; as many sizes, but not as many seeds.
      level: of confidence; the interval is Welch's, with Satterthwaite's degrees of freedom over all sizes. A size
        with a single seed leaves none: the bounds are NaN.

    Raises:
      ValueError: no sizes, or differing numbers of them, a size without a value, values that are not finite, or level
        is not between 0 and 1.

    Example:
      >>> from capacity_jax.stats import mean_difference
      >>> "{:.2f} [{:.2f}, {:.2f}]".format(*mean_difference([[3.0, 3.2], [3.1, 3.3]], [[2.0, 2.2], [2.3, 2.5]]))
      '0.90 [0.62, 1.18]'
    """
    if len(first) != len(second) or not len(first):
        raise ValueError(f"there are {len(first)} and {len(second)} sizes; allowed: as many of both, and at least one")
    _check_level(level)
    groups = [_sample("a size", values, 1) for values in (*first, *second)]
    share = 1 / len(first)
    return _contrast(groups, [share] * len(first) + [-share] * len(first), level)


def _contrast(groups, weights, level):
    """A weighted sum of the means of groups that may spread differently (Satterthwaite 1946)."""
    value = float(sum(weight * values.mean() for weight, values in zip(weights, groups, strict=True)))
    if min(map(len, groups)) < 2:
        return Interval(value, np.nan, np.nan)
    # What each group adds to the variance of the sum.
    added = np.array([w**2 * values.var(ddof=1) / len(values) for w, values in zip(weights, groups, strict=True)])
    variance = added.sum()
    if variance == 0:
        return Interval(value, value, value)
    freedom = 1 / sum((added / variance) ** 2 / (np.array([len(values) for values in groups]) - 1))
    half = float(stdtrit(freedom, (1 + level) / 2) * np.sqrt(variance))
    return Interval(value, value - half, value + half)


def _pairs(parameters, bits):
    parameters, bits = _sample("parameters", parameters, at_least=2), _sample("bits", bits, at_least=2)
    if len(parameters) != len(bits):
        raise ValueError(f"parameters has {len(parameters)} values and bits {len(bits)}; they must pair up")
    if np.ptp(parameters) == 0:
        raise ValueError(f"parameters are all {parameters[0]:g}; a slope needs at least two different values")
    return parameters, bits


def _sample(name, values, at_least):
    values = np.asarray(values, float).ravel()
    if len(values) < at_least:
        raise ValueError(f"{name} has {len(values)} values; at least {at_least} are needed")
    check_finite(name, values)
    return values


def _check_level(level):
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1")
