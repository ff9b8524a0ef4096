"""The rate and the labels that store most, over what was fitted and beyond it."""

import numpy as np

from capacity_jax.tasks.scaling import (
    LARGEST,
    LONGEST,
    SHORTEST,
    SMALLEST,
    UNDECAYED,
    VARIANCE,
    best_decay,
    best_labels,
    best_rate,
)


def test_longer_runs_take_more_labels_at_smaller_rates():
    """Breaks if a sign is lost: a long run would begin with the rate and the labels of a short one."""
    steps = [SHORTEST, 50_000, LONGEST]
    assert np.all(np.diff([best_rate(1000, n) for n in steps]) < 0)
    assert np.all(np.diff([best_labels(1000, n) for n in steps]) > 0)
    assert np.all(np.diff([best_labels(n, 100_000) for n in (300, 1000, 4500)]) > 0)


def test_what_was_not_fitted_takes_the_nearest():
    """Breaks if a line is followed to where it makes no sense: rates without a bound, or ever more labels."""
    for best in (best_rate, best_labels):
        assert best(5, 10) == best(SMALLEST, SHORTEST) > 0
        assert best(1000, 100 * LONGEST) == best(1000, LONGEST)
    assert best_labels(100 * LARGEST, 100_000) == best_labels(LARGEST, 100_000)
    assert best_rate(100 * LARGEST, 100_000) < best_rate(LARGEST, 100_000) / 2


def test_the_walk_of_long_runs_alone_is_bounded():
    """Breaks if short runs lose what they learned to decay, or the weights of long ones settle elsewhere."""
    assert best_decay(0.01, UNDECAYED) == 0
    np.testing.assert_allclose(0.01 / (2 * best_decay(0.01, UNDECAYED + 1)), VARIANCE)
