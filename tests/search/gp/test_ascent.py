"""The local search on functions whose maxima are known."""

import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.search.gp.ascent import Moves, ascend, climb

pytestmark = pytest.mark.usefixtures("double")


BEST = np.array([0.3, 1.4, 0.6])
NO_MOVES = Moves(np.array([True, True, False]), np.array([1.0, 0.3, 1.0]), np.ones((1, 3)), np.zeros((1, 3)))


def bowl(best, x):
    away = x - best[None]
    return -(away[:, 0] ** 2) - 100 * (away[:, 1] + away[:, 0]) ** 2


def test_climb_ends_at_the_maximum_within_the_cube():
    """Breaks if a step ignores a bound, moves a discrete column, or takes a length for another column's."""
    starts = np.random.default_rng(0).uniform(size=(5, 3))
    found = climb(bowl, BEST, starts, NO_MOVES, 60)
    # On the face x1 = 1 what is left is -(x0 - 0.3)² - 100 (x0 - 0.7)².
    np.testing.assert_allclose(found[:, :2], np.array([[(0.3 + 70) / 101, 1.0]]).repeat(5, 0), atol=1e-4)
    np.testing.assert_array_equal(found[:, 2], starts[:, 2])


def test_discrete_moves_lead_out_of_a_local_maximum():
    """Breaks if only gradients are followed: the last column is worth more at 1, where the best of the first moves."""

    def value(best, x):
        return x[:, 2] - (x[:, 0] - best - 0.6 * x[:, 2]) ** 2

    kept = np.array([[1.0, 1.0, 0.0]] * 3)
    put = np.array([[0.0, 0.0, level] for level in (0.0, 0.5, 1.0)])
    moves = NO_MOVES._replace(kept=kept, put=put)
    found, values = ascend(value, jnp.array(0.2), np.array([[0.2, 0.5, 0.0], [0.9, 0.5, 0.5]]), moves, 20)
    np.testing.assert_allclose(found[:, [0, 2]], [[0.8, 1.0]] * 2, atol=1e-4)
    np.testing.assert_allclose(values, [1.0, 1.0], atol=1e-6)
