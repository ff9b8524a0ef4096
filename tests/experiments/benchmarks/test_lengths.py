"""The benchmark of longer runs, at a size that takes seconds."""

from absl.testing import flagsaver

from capacity_jax.search import rate_for_length
from experiments.benchmarks import lengths


@flagsaver.flagsaver(budget=120, steps=30_000, seeds=2, labels=0.5)
def test_three_kinds_of_runs_are_compared():
    """Breaks if lengths or rates are not those that are printed, or easy labels are not all stored."""
    table = lengths.lengths("rnn")
    assert table["steps"].tolist() == [30_000, 120_000, 120_000]
    assert table["rate"].tolist() == [0.007, 0.007, rate_for_length(0.007, 120_000)]
    assert (table["bits_per_parameter"] > 0.45).all()
