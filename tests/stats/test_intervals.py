"""Intervals: their centres, and how often they cover what they should."""

import numpy as np
import pytest
from scipy import stats

from capacity_jax.stats import mean_difference, mean_interval, pooled_slope_interval


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


def test_pooled_slope_by_hand():
    """Breaks if the weights, the spread within sizes or Satterthwaite's degrees of freedom are wrong.

    Two sizes one apart: the slope is the difference of two means, and the interval that of Welch's test.
    """
    low_size, high_size = [1.0, 2.0, 4.0], [5.0, 9.0, 6.0, 8.0]
    value, low, high = pooled_slope_interval([1] * 3 + [2] * 4, low_size + high_size)
    expected = stats.ttest_ind(high_size, low_size, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose(value, np.mean(high_size) - np.mean(low_size))
    np.testing.assert_allclose([low, high], [expected.low, expected.high])


def test_pooled_slope_is_of_the_line_through_all_measurements():
    """Breaks if sizes with many seeds weigh as little as others, or the order of the measurements matters."""
    rng = np.random.default_rng(3)
    parameters = np.array([600, 2145, 600, 1200, 600, 1200, 2145, 2145, 2145])
    bits = 3 * parameters + 100 * rng.normal(size=9)
    found = pooled_slope_interval(parameters, bits)
    np.testing.assert_allclose(found.value, np.polyfit(parameters, bits, 1)[0])
    np.testing.assert_allclose(pooled_slope_interval(parameters[::-1], bits[::-1]), found)


def test_pooled_slope_without_spread():
    """Breaks if a single seed pretends to an interval, or equal measurements divide by 0."""
    value, low, high = pooled_slope_interval([100, 200, 200, 300], [300.0, 590.0, 610.0, 900.0])
    np.testing.assert_allclose(value, 3)
    assert np.isnan([low, high]).all()
    np.testing.assert_allclose(pooled_slope_interval([100, 100, 200, 200], [300, 300, 600, 600]), 3)


@pytest.mark.parametrize("exponent", [0, 0.5, 1], ids=["constant", "as the root of the size", "as the size"])
def test_pooled_slope_covers_between_93_and_97_percent(exponent):
    """Breaks if the slope of 3 sizes with 4 seeds each covers too seldom or too often, whichever way noise grows.

    4,000 repetitions put the coverage within 0.8 percent, two standard errors.
    """
    parameters = np.repeat([600.0, 1200, 2145], 4)
    noise = 200 * (parameters / 2145) ** exponent
    repetitions = 3 * parameters - 30 + noise * np.random.default_rng(4).normal(size=(4000, 12))
    slopes = np.array([pooled_slope_interval(parameters, bits) for bits in repetitions])
    covered = np.mean((slopes[:, 1] <= 3) & (slopes[:, 2] >= 3))
    error = 2 * np.sqrt(covered * (1 - covered) / len(slopes))
    assert covered - error >= 0.93
    assert covered + error <= 0.97


@pytest.mark.parametrize("spread", [1.0, 3.0], ids=["alike", "one three times the other"])
def test_mean_difference_covers_between_93_and_97_percent(spread):
    """Breaks if the comparison of 3 sizes with 4 seeds each covers too seldom or too often."""
    noise = np.random.default_rng(5).normal(size=(4000, 2, 3, 4)) * np.array([0.1, 0.1 * spread])[:, None, None]
    levels = np.array([[3.0, 3.3, 3.4], [2.5, 2.9, 3.1]])
    found = np.array([mean_difference(*values) for values in levels[:, :, None] + noise])
    truth = np.mean(levels[0] - levels[1])
    covered = np.mean((found[:, 1] <= truth) & (found[:, 2] >= truth))
    error = 2 * np.sqrt(covered * (1 - covered) / len(found))
    assert covered - error >= 0.93
    assert covered + error <= 0.97


def test_mean_difference_of_one_size_is_welchs():
    """Breaks if the interval of two samples is not that of Welch's test, or one seed pretends to a spread."""
    first, second = [3.0, 3.4, 3.1, 3.3], [2.0, 2.9, 2.2]
    welch = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    np.testing.assert_allclose(mean_difference([first], [second])[1:], welch, rtol=1e-12)
    assert np.isnan(mean_difference([first], [[2.0]]).low)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_difference([], []), "there are 0 and 0 sizes"),
        (lambda: mean_difference([[1.0]], [[1.0], [2.0]]), "there are 1 and 2 sizes"),
        (lambda: mean_interval([]), "values has 0 values"),
        (lambda: mean_interval([1.0, np.nan]), "values holds NaN"),
        (lambda: mean_interval([1.0, 2.0], level=1.0), r"level is 1\.0"),
        (lambda: pooled_slope_interval([1], [1]), "parameters has 1 values"),
        (lambda: pooled_slope_interval([1, 2, 3], [1, 2, 3, 4]), "pair up"),
        (lambda: pooled_slope_interval([5, 5, 5], [1, 2, 3]), "parameters are all 5"),
        (lambda: pooled_slope_interval([1, 1, 2], [1, 2, np.nan]), "bits holds NaN or infinite"),
        (lambda: pooled_slope_interval([1, 1, 2], [1, 2, 3], level=0.0), r"level is 0\.0"),
    ],
)
def test_refuses_samples_without_an_answer(call, message):
    """Breaks if a sample that cannot carry an interval yields one."""
    with pytest.raises(ValueError, match=message):
        call()
