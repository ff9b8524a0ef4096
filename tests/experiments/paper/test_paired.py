"""Cells compared size by size."""

import numpy as np
import pytest

from capacity_jax.results import best_table
from capacity_jax.stats import mean_interval
from experiments.paper.paired import capacity_difference, capacity_factor


def test_factor_is_the_ratio_of_capacities(synthetic):
    """Breaks if the factor is upside down or its interval is of other than the paired logarithms."""
    best = best_table(synthetic.capacity({"rnn": 4.0, "lstm": 3.0}, noise=0.0, relu=1.0))
    factor = capacity_factor(best, "lstm", "rnn")
    np.testing.assert_allclose(factor, 4 / 3)
    np.testing.assert_allclose(capacity_factor(best, "rnn", "lstm"), 3 / 4)
    np.testing.assert_allclose(capacity_difference(best, "rnn", "lstm"), 1.0)


def test_pairs_are_of_equal_depth_and_budget(synthetic):
    """Breaks if sizes are compared across each other: small networks store less, whatever the cell."""
    best = best_table(synthetic.capacity({"rnn": 4.0, "lstm": 3.0}, depths=(1,), seeds=1, noise=0.0, relu=1.0))
    sizes = best["budget"].to_numpy()
    best["score"] += np.log(sizes) / 10 + np.where(best["cell"] == "rnn", sizes / 1e5, 0)
    expected = mean_interval(1 + np.unique(sizes) / 1e5)
    np.testing.assert_allclose(capacity_difference(best, "rnn", "lstm"), expected)
    best = best[(best["cell"] == "rnn") | (best["budget"] > 1000)]
    np.testing.assert_allclose(
        capacity_difference(best, "rnn", "lstm").value, np.mean(1 + np.unique(sizes[sizes > 1000]) / 1e5)
    )


def test_cells_of_different_depths_are_paired_by_budget(synthetic):
    """Breaks if +RNN, which has no depth 1, cannot be compared with cells measured at depth 1 alone."""
    best = best_table(synthetic.capacity({"rnn": 4.0, "intersection": 2.0}, depths=(1, 2), noise=0.0, relu=1.0))
    alone = best[(best["depth"] == 1) | (best["cell"] == "intersection")]
    np.testing.assert_allclose(capacity_factor(alone, "intersection", "rnn").value, 2.0)


@pytest.mark.parametrize("cells", [("gru", "rnn"), ("rnn", "gru")])
def test_what_was_not_measured_has_no_factor(cells, synthetic):
    """Breaks if a missing cell raises or passes for a number."""
    best = best_table(synthetic.capacity({"rnn": 4.0}, seeds=1))
    assert np.isnan(capacity_factor(best, *cells)).all()
