"""Intervals: their centres, and how often they cover what they should."""

import numpy as np
import pytest

from capacity_jax.stats import mean_interval, slope_interval


def test_mean_interval_by_hand():
    """Breaks if the quantile, the standard error or its degrees of freedom are wrong: t(0.975, 2) = 4.30265."""
    value, low, high = mean_interval([1.0, 2.0, 3.0])
    assert value == 2
    np.testing.assert_allclose([low, high], [2 - 4.30265 / np.sqrt(3), 2 + 4.30265 / np.sqrt(3)], rtol=1e-5)


def test_mean_interval_of_one_value_has_no_bounds():
    """Breaks if a single seed pretends to an interval."""
    value, low, high = mean_interval([3.5])
    assert value == 3.5
    assert np.isnan(low)
    assert np.isnan(high)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_mean_interval_covers_at_its_level(level):
    """Breaks if the interval is too narrow or too wide: 1,000 samples of 4 put coverage within 3 standard errors."""
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(1000, 4))
    intervals = [mean_interval(sample, level) for sample in samples]
    covered = np.mean([low <= 0 <= high for _, low, high in intervals])
    assert abs(covered - level) < 3 * np.sqrt(level * (1 - level) / 1000)


def test_slope_interval_recovers_a_line():
    """Breaks if bits and parameters are swapped, or the intercept is forced to zero."""
    parameters = np.array([100, 200, 400, 800])
    value, low, high = slope_interval(parameters, 4.5 * parameters - 30)
    np.testing.assert_allclose([value, low, high], 4.5, rtol=1e-9)


def test_slope_interval_covers_at_its_level():
    """Breaks if the slope's standard error or degrees of freedom are wrong (2,000 noisy lines through 5 points)."""
    rng = np.random.default_rng(2)
    parameters = np.array([100.0, 200, 300, 500, 900])
    lines = 4 * parameters + 50 * rng.normal(size=(2000, 5))
    covered = np.mean([low <= 4 <= high for _, low, high in (slope_interval(parameters, bits) for bits in lines)])
    assert abs(covered - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 2000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([]), "values has 0 values"),
        (lambda: mean_interval([1.0, np.nan]), "values holds NaN"),
        (lambda: mean_interval([1.0, 2.0], level=1.0), r"level is 1\.0"),
        (lambda: slope_interval([1, 2], [1, 2]), "parameters has 2 values"),
        (lambda: slope_interval([1, 2, 3], [1, 2, 3, 4]), "pair up"),
        (lambda: slope_interval([5, 5, 5], [1, 2, 3]), "parameters are all 5"),
        (lambda: slope_interval([1, 2, 3], [1, 2, np.inf]), "bits holds NaN or infinite"),
    ],
)
def test_refuses_samples_without_an_answer(call, message):
    """Breaks if a sample that cannot carry an interval yields one."""
    with pytest.raises(ValueError, match=message):
        call()
