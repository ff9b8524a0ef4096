"""Cells compared size by size."""

import numpy as np
import pandas as pd
import pytest

from capacity_jax.stats import mean_difference
from experiments.paper.paired import capacity_difference, capacity_factor, one_study_each


def test_factor_is_the_ratio_of_capacities(synthetic):
    """Breaks if the factor is upside down or its interval is of other than the paired logarithms."""
    best = one_study_each(synthetic.capacity({"rnn": 4.0, "lstm": 3.0}, noise=0.0, relu=1.0))
    factor = capacity_factor(best, "lstm", "rnn")
    np.testing.assert_allclose(factor, 4 / 3)
    np.testing.assert_allclose(capacity_factor(best, "rnn", "lstm"), 3 / 4)
    np.testing.assert_allclose(capacity_difference(best, "rnn", "lstm"), 1.0)


def test_pairs_are_of_equal_depth_and_budget(synthetic):
    """Breaks if sizes are compared across each other: small networks store less, whatever the cell."""
    best = one_study_each(synthetic.capacity({"rnn": 4.0, "lstm": 3.0}, depths=(1,), relu=1.0))
    sizes = best["budget"].to_numpy()
    best["score"] += np.log(sizes) / 10 + np.where(best["cell"] == "rnn", sizes / 1e5, 0)
    by_size = [[rows["score"] for _, rows in best[best["cell"] == cell].groupby("budget")] for cell in ("rnn", "lstm")]
    np.testing.assert_allclose(capacity_difference(best, "rnn", "lstm"), mean_difference(*by_size))
    best = best[(best["cell"] == "rnn") | (best["budget"] > 1000)]
    of_rnn, of_lstm = (best[best["cell"] == cell].groupby("budget")["score"].mean() for cell in ("rnn", "lstm"))
    expected = (of_rnn - of_lstm)[[1200, 2400, 4800]].mean()
    np.testing.assert_allclose(capacity_difference(best, "rnn", "lstm").value, expected)


def test_a_network_of_two_studies_counts_once(synthetic):
    """Breaks if a network that another figure measured too weighs twice, or its two settings are mixed."""
    trials = synthetic.capacity({"rnn": 4.0, "lstm": 3.0}, depths=(1,), relu=1.0)
    again = synthetic.capacity({"rnn": 2.0}, depths=(1,), relu=1.0)
    both = pd.concat([trials, again.assign(study="fig2a/" + again["study"])], ignore_index=True)
    expected = capacity_difference(one_study_each(trials), "rnn", "lstm")
    assert capacity_difference(one_study_each(both), "rnn", "lstm") == expected


def test_cells_of_different_depths_are_paired_by_budget(synthetic):
    """Breaks if +RNN, which has no depth 1, cannot be compared with cells measured at depth 1 alone."""
    best = one_study_each(synthetic.capacity({"rnn": 4.0, "intersection": 2.0}, depths=(1, 2), noise=0.0, relu=1.0))
    alone = best[(best["depth"] == 1) | (best["cell"] == "intersection")]
    np.testing.assert_allclose(capacity_factor(alone, "intersection", "rnn").value, 2.0)


@pytest.mark.parametrize("cells", [("gru", "rnn"), ("rnn", "gru")])
def test_what_was_not_measured_has_no_factor(cells, synthetic):
    """Breaks if a missing cell raises or passes for a number."""
    best = one_study_each(synthetic.capacity({"rnn": 4.0}, seeds=1))
    assert np.isnan(capacity_factor(best, *cells)).all()
