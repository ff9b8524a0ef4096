"""Confidence intervals over seeds, and the line of bits against parameters."""

from typing import NamedTuple

import numpy as np
from scipy import stats

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
    half = float(stats.t.ppf((1 + level) / 2, len(values) - 1) * stats.sem(values))
    return Interval(mean, mean - half, mean + half)


def mean_or_nothing(values, level: float = 0.95) -> Interval:
    """`mean_interval` of the values that are finite; all NaN where there are none."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return mean_interval(values, level) if len(values) else NOTHING


def slope_interval(parameters, bits, level: float = 0.95) -> Interval:
    """Slope of the least-squares line of bits against parameters, in bits per parameter.

    The line has an intercept, so that a fixed cost in parameters does not bend the slope. Three points or
    more carry an interval; its width comes from their scatter around the line.

    Raises:
      ValueError: fewer than 3 points, differing lengths, equal parameters, or values that are not finite.

    Example:
      >>> from capacity_jax.stats import slope_interval
      >>> "{:.2f} [{:.2f}, {:.2f}]".format(*slope_interval([500, 1000, 2000], [1500, 3300, 6900]))
      '3.60 [3.60, 3.60]'
    """
    parameters, bits = _pairs(parameters, bits, at_least=3)
    _check_level(level)
    slope, _, _, _, stderr = map(float, stats.linregress(parameters, bits))
    half = float(stats.t.ppf((1 + level) / 2, len(bits) - 2)) * stderr
    return Interval(slope, slope - half, slope + half)


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
    parameters, bits = _pairs(parameters, bits, at_least=2)
    _check_level(level)
    _, size_of = np.unique(parameters, return_inverse=True)
    seeds = np.bincount(size_of)
    weights = (parameters - parameters.mean()) / np.sum((parameters - parameters.mean()) ** 2)
    slope = float(weights @ bits)
    if np.any(seeds < 2):
        return Interval(slope, np.nan, np.nan)
    means = np.bincount(size_of, bits) / seeds
    # What each size adds to the variance of the slope.
    added = np.bincount(size_of, (weights * (bits - means[size_of])) ** 2) * seeds / (seeds - 1)
    variance = added.sum()
    if variance == 0:
        return Interval(slope, slope, slope)
    freedom = 1 / np.sum((added / variance) ** 2 / (seeds - 1))
    half = float(stats.t.ppf((1 + level) / 2, freedom) * np.sqrt(variance))
    return Interval(slope, slope - half, slope + half)


def _pairs(parameters, bits, at_least):
    parameters, bits = _sample("parameters", parameters, at_least), _sample("bits", bits, at_least)
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
