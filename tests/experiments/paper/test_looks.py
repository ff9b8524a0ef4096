"""Intervals that hold however often one looks."""

import numpy as np
import pytest

from capacity_jax.stats import mean_interval
from experiments.paper.looks import level_of_look, levels, look


def test_the_errors_of_all_looks_add_up_to_that_of_one():
    """Breaks if many looks together are wrong more often than was promised, or a look gets no confidence."""
    spent = [1 - level_of_look(number) for number in range(1, 10_000)]
    assert sum(spent) == pytest.approx(0.05, rel=1e-3)
    assert sum(spent) < 0.05
    assert level_of_look(1, 0.9) == pytest.approx(0.95)


@pytest.mark.parametrize("factor", [1.25, 2.0])
def test_growing_until_an_interval_excludes_the_truth_fails_at_most_as_often_as_promised(factor):
    """Breaks if whoever looks six times at growing trials is wrong in more than 5% of all studies."""
    sizes = np.ceil(4 * factor ** np.arange(6)).astype(int)
    measured = np.random.default_rng(0).normal(3.0, 0.2, (500, sizes[-1]))

    def is_wrong(values, level_at):
        intervals = (mean_interval(values[:n], level_at(k)) for k, n in enumerate(sizes, 1))
        return any(not low <= 3.0 <= high for _, low, high in intervals)

    honest, naive = (np.mean([is_wrong(row, at) for row in measured]) for at in (level_of_look, lambda k: 0.95))
    assert honest <= 0.05
    # Else the test would show nothing.
    assert naive > 0.08


def test_looks_are_noted(tmp_path):
    """Breaks if a later run forgets the looks before, or looking again at the same trials costs confidence."""
    assert levels(tmp_path) == {}
    assert look(tmp_path, 2, 40) == level_of_look(1)
    assert look(tmp_path, 2, 40) == level_of_look(1)
    assert look(tmp_path, 2, 60) == level_of_look(2)
    assert look(tmp_path, 3, 60) == level_of_look(1)
    assert levels(tmp_path) == {2: level_of_look(2), 3: level_of_look(1)}
