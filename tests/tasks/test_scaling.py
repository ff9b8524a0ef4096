"""The rate and the labels that store most, over what was fitted and beyond it."""

import numpy as np
import pytest

from capacity_jax.tasks.scaling import SCALINGS, UNDECAYED, VARIANCE, best_decay

of_each = pytest.mark.parametrize("scaling", SCALINGS.values(), ids=SCALINGS)


@of_each
def test_longer_runs_take_more_labels_at_smaller_rates(scaling):
    """Breaks if a sign is lost: a long run would begin with the rate and the labels of a short one."""
    shortest, longest = scaling.steps
    steps = [shortest, 50_000, longest]
    assert np.all(np.diff([scaling.best_rate(1000, n) for n in steps]) < 0)
    assert np.all(np.diff([scaling.best_labels(1000, n) for n in steps]) > 0)
    assert np.all(np.diff([scaling.best_labels(n, longest) for n in (300, 1000, 4500)]) > 0)


@of_each
def test_a_short_run_teaches_a_large_network_fewer_labels(scaling):
    """Breaks if a large network is asked, in a run that shows each label a few times, for all that it can hold."""
    shortest, longest = scaling.steps
    of_sizes = [scaling.best_labels(n, shortest) for n in (2_000, 8_000, 32_000)]
    assert np.all(np.diff(of_sizes) < 0)
    assert of_sizes[1] < 0.8 * scaling.best_labels(8_000, longest)
    # Each label is seen as often, and both networks can hold more.
    as_often = scaling.best_labels(16_000, 2 * shortest) / scaling.best_labels(8_000, shortest)
    np.testing.assert_allclose(as_often, 1, atol=0.03)


@of_each
def test_what_was_not_fitted_takes_the_nearest(scaling):
    """Breaks if a line is followed to where it makes no sense: rates without a bound, or ever more labels."""
    (shortest, longest), (smallest, largest) = scaling.steps, scaling.sizes
    for best in (scaling.best_rate, scaling.best_labels):
        assert best(5, 10) == best(smallest, shortest) > 0
        assert best(1000, 100 * longest) == best(1000, longest)
    untiring = scaling._replace(taught=1e3)
    np.testing.assert_allclose(untiring.best_labels(100 * largest, longest), untiring.best_labels(largest, longest))
    assert scaling.best_rate(100 * largest, 100_000) < scaling.best_rate(largest, 100_000) / 2


@of_each
def test_deep_networks_take_smaller_rates_and_fewer_labels(scaling):
    """Breaks if a network of four layers begins with what is best for one: it is overloaded, or diverges."""
    assert scaling.best_rate(1000, 100_000, depth=4) == scaling.best_rate(1000, 100_000) / 2
    assert 0.8 < scaling.best_labels(1000, 100_000, depth=4) / scaling.best_labels(1000, 100_000) < 0.9


def test_the_walk_of_long_runs_alone_is_bounded():
    """Breaks if short runs lose what they learned to decay, or the weights of long ones settle elsewhere."""
    assert best_decay(0.01, UNDECAYED) == 0
    np.testing.assert_allclose(0.01 / (2 * best_decay(0.01, UNDECAYED + 1)), VARIANCE)
