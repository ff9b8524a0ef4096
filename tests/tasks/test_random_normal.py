"""Fast normal values are normal, finite and independent."""

import jax
import numpy as np
import pytest
from scipy import stats

from capacity_jax.tasks.random_normal import standard_normal


def test_follows_the_normal_distribution():
    """Breaks if the quantile, the scale or the use of the bits is wrong (10^6 values, Kolmogorov-Smirnov at 1e-4)."""
    values = np.asarray(jax.jit(standard_normal, static_argnums=1)(jax.random.key(0), (1000, 1000))).ravel()
    assert np.all(np.isfinite(values))
    assert stats.kstest(values, "norm").pvalue > 1e-4
    # Tails beyond 4.5 deviations are 6.8 in a million.
    assert 0 < np.sum(np.abs(values) > 4.5) < 30


def test_values_of_one_draw_and_of_two_are_uncorrelated():
    """Breaks if the two words of a hash, or draws of neighbouring keys, repeat each other (5 standard errors)."""
    first, second = (np.asarray(standard_normal(jax.random.key(seed), (2, 50_000))) for seed in (0, 1))
    for a, b in ((first[0], first[1]), (first[0], second[0]), (first[0, 1:], first[0, :-1])):
        assert abs(np.mean(a * b)) < 5 / np.sqrt(len(a))


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg"])
@pytest.mark.parametrize("shape", [(3,), (2, 5), (1, 1, 1)])
def test_any_key_and_shape(impl, shape):
    """Breaks if an odd number of values, or another kind of key, cannot be drawn."""
    assert standard_normal(jax.random.key(0, impl=impl), shape).shape == shape
