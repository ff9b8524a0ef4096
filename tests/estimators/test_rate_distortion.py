"""Bits of squared errors against closed forms, a bisection in numpy, and other ways of spending the bits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from capacity_jax.estimators import gaussian_rate, weighted_gaussian_bits

repeatable = settings(deadline=None, derandomize=True)
some_weights = arrays(float, st.integers(1, 40), elements=st.floats(1e-3, 1))
fractions = st.floats(1e-6, 0.999)


def by_bisection(error, weights, variance):
    """Finds the water level by halving an interval, then counts the bits of each sample."""
    low, high = 0.0, weights.max() * variance
    for _ in range(200):
        level = (low + high) / 2
        if np.minimum(level, weights * variance).sum() < error * weights.sum():
            low = level
        else:
            high = level
    return 0.5 * np.maximum(0, np.log2(weights * variance / high)).sum()


@pytest.mark.parametrize(("error", "variance", "bits"), [(0.25, 1, 1), (1, 16, 2), (0.5, 1, 0.5), (3, 3, 0)])
def test_gaussian_rate_by_hand(error, variance, bits):
    """Breaks if a factor or the base of the logarithm is wrong."""
    assert gaussian_rate(error, variance) == bits


@repeatable
@given(error=st.floats(1e-9, 1e3), scale=st.floats(1e-3, 1e3))
def test_gaussian_rate_depends_on_the_ratio_alone(error, scale):
    """Breaks if units matter, or a network worse than answering 0 gets bits, positive or negative."""
    assert gaussian_rate(error * scale, scale) == pytest.approx(gaussian_rate(error), abs=1e-9)
    assert gaussian_rate(error) >= 0
    assert error < 1 or gaussian_rate(error) == 0


@repeatable
@given(error=fractions, n=st.integers(1, 1000), weight=st.floats(1e-3, 10), variance=st.floats(0.1, 10))
def test_equal_weights_are_n_times_the_rate(error, n, weight, variance):
    """Breaks if the weighted count disagrees with the plain one where both apply."""
    bits = weighted_gaussian_bits(error * variance, np.full(n, weight), variance)
    assert bits == pytest.approx(n * gaussian_rate(error), rel=1e-6, abs=1e-9)


@repeatable
@given(error=fractions, weights=some_weights, variance=st.floats(0.1, 10))
def test_bits_are_those_of_water_filling(error, weights, variance):
    """Breaks if the closed form finds another water level than a bisection does."""
    bits = weighted_gaussian_bits(error * variance, weights, variance)
    assert bits == pytest.approx(by_bisection(error * variance, weights, variance), rel=1e-6, abs=1e-9)


@repeatable
@given(weights=some_weights, errors=st.data())
def test_no_other_spread_of_the_error_needs_fewer_bits(weights, errors):
    """Breaks if the bits are no lower bound: any errors of the single samples must cost at least as much."""
    of_samples = errors.draw(arrays(float, len(weights), elements=st.floats(1e-6, 1)))
    needed = sum(gaussian_rate(error) for error in of_samples)
    assert weighted_gaussian_bits(np.average(of_samples, weights=weights), weights) <= needed + 1e-9


@repeatable
@given(weights=some_weights, excess=st.floats(1, 10))
def test_no_bits_at_or_above_the_variance(weights, excess):
    """Breaks if a network that answers 0, or worse, gets bits."""
    assert weighted_gaussian_bits(2.5 * excess, weights, 2.5) == 0


def test_effective_number_of_samples_is_no_bound():
    """Breaks if the docstring is wrong: some errors cost fewer bits than (Σw)²/Σw² samples would."""
    weights = np.array([1.0] + [0.01] * 100)
    of_samples = np.array([0.5] + [1.0] * 100)
    needed = sum(gaussian_rate(error) for error in of_samples)
    effective = weights.sum() ** 2 / (weights @ weights)
    assert needed < effective * gaussian_rate(np.average(of_samples, weights=weights))


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_bad_errors_and_variances_are_named(bad):
    """Breaks if an impossible error or variance is turned into bits."""
    for name, values in (("error", (bad, 1.0)), ("variance", (1.0, bad))):
        with pytest.raises(ValueError, match=f"^{name} "):
            gaussian_rate(*values)
        with pytest.raises(ValueError, match=f"^{name} "):
            weighted_gaussian_bits(values[0], np.ones(3), values[1])


@pytest.mark.parametrize("bad", [[], [1.0, 0.0], [1.0, -1.0], [1.0, math.nan]])
def test_bad_weights_are_named(bad):
    """Breaks if weights that are missing, not positive or not finite are counted."""
    with pytest.raises(ValueError, match=r"^weights "):
        weighted_gaussian_bits(0.5, bad)
