"""Binomial shares: against published numbers and by coverage."""

import numpy as np
import pytest

from capacity_jax.stats import share_difference, share_interval


def test_wilson_interval():
    """Breaks if the interval is another than Wilson's: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)."""
    z, n = 1.959963984540054, 263
    for count in (0, 1, 81, 263):
        p = count / n
        centre, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        expected = [p, (centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n)]
        np.testing.assert_allclose(share_interval(count, n), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [((56, 70), (48, 80), (0.0524, 0.3339)), ((9, 10), (3, 10), (0.1705, 0.8090)), ((10, 10), (0, 20), (0.6791, 1.0))],
)
def test_difference_is_that_of_newcombes_table(a, b, expected):
    """Breaks if the difference of two shares is another than method 10 of Newcombe 1998 (his Table II)."""
    found = share_difference(share_interval(*a), share_interval(*b))
    np.testing.assert_allclose([found.low, found.high], expected, atol=5e-5)


@pytest.mark.parametrize(("count", "n", "match"), [(0, 0, "n is 0"), (3, 2, "count is 3"), (-1, 2, "count is -1")])
def test_impossible_counts_are_refused(count, n, match):
    """Breaks if a share outside 0 to 1, or of nothing, passes."""
    with pytest.raises(ValueError, match=match):
        share_interval(count, n)
