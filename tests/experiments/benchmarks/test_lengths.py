"""The benchmark of longer runs, at a size that takes seconds."""

from capacity_jax.search import rate_for_length
from experiments.benchmarks.lengths import lengths


def test_three_kinds_of_runs_are_compared():
    """Breaks if lengths or rates are not those that are printed, or easy labels are not all stored."""
    table = lengths("rnn", budget=120, labels_per_parameter=0.5, short=30_000, n_seeds=2)
    assert table["steps"].tolist() == [30_000, 120_000, 120_000]
    assert table["rate"].tolist() == [0.007, 0.007, rate_for_length(0.007, 120_000)]
    assert (table["bits_per_parameter"] > 0.45).all()
