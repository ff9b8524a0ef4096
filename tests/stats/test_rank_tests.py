"""Ranks: against counting pairs, and by how often intervals hold the truth."""

import numpy as np
import pytest
from scipy.stats import norm

from capacity_jax.stats import median_interval, superiority_interval


def test_superiority_counts_pairs():
    """Breaks if ties count whole, groups are exchanged, or infinite losses are not last."""
    a, b = [1.0, 2.0, 2.0, np.inf], [2.0, 3.0, np.inf]
    pairs = [0.5 if x == y else float(x < y) for x in a for y in b]
    found = superiority_interval(a, b)
    np.testing.assert_allclose(found.value, np.mean(pairs))
    reversed_ = superiority_interval(b, a)
    np.testing.assert_allclose([reversed_.value, reversed_.high], [1 - found.value, 1 - found.low])


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_superiority_interval_covers(shift):
    """Breaks if the interval misses the true probability much more or less often than one time in twenty."""
    rng, truth = np.random.default_rng(0), norm.cdf(shift / np.sqrt(1 + 4))
    intervals = [superiority_interval(rng.normal(0, 1, 30), rng.normal(shift, 2, 40)) for _ in range(1000)]
    covered = np.mean([found.low <= truth <= found.high for found in intervals])
    assert 0.92 < covered < 0.97


def test_groups_wholly_apart_still_have_an_interval():
    """Breaks if a handful of trials claims certainty."""
    few, many = superiority_interval(range(3), range(5, 8)), superiority_interval(range(50), range(60, 110))
    assert few.value == many.value == 1.0
    assert few.low < many.low < 1.0


def test_median_interval_covers():
    """Breaks if the order statistics are off by one; the level is a lower bound."""
    rng = np.random.default_rng(1)
    intervals = [median_interval(rng.exponential(size=25)) for _ in range(2000)]
    covered = np.mean([found.low <= np.log(2) <= found.high for found in intervals])
    assert 0.945 < covered < 0.975


def test_median_of_diverged_trials_is_infinite():
    """Breaks if infinite losses turn into NaN or are dropped."""
    assert median_interval([1.0, np.inf, np.inf]).value == np.inf
    assert median_interval([1.0, 2.0, np.inf, np.inf]).value == np.inf
    assert median_interval([1.0, 2.0, np.inf]).value == 2.0
    assert np.isnan(median_interval([1.0] * 5).low)
    assert median_interval([1.0] * 6).low == 1.0


@pytest.mark.parametrize("values", [[1.0], [1.0, np.nan]])
def test_unusable_groups_are_refused(values):
    """Breaks if NaN ranks somewhere, or one value has a variance."""
    with pytest.raises(ValueError, match=r"a has 1 values|a holds NaN"):
        superiority_interval(values, [1.0, 2.0])
