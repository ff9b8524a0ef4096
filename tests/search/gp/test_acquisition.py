"""Expected improvement against sampling and against exact arithmetic."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.search.gp.acquisition import log_ei, log_improvement

pytestmark = pytest.mark.usefixtures("double")


def test_expected_improvement_is_the_mean_of_sampled_improvements():
    """Breaks if the formula, the deviation or the average over samples is wrong."""
    rng = np.random.default_rng(0)
    mean, variance = rng.normal(size=(5, 3)), rng.uniform(0.2, 2.0, size=5)
    best = rng.normal(size=3)
    draws = mean[..., None] + np.sqrt(variance)[:, None, None] * rng.normal(size=400_000)
    improvements = np.maximum(draws - best[:, None], 0.0)
    error = improvements.std(-1).max() / np.sqrt(improvements.shape[-1])
    found = np.exp(log_ei(jnp.asarray(mean), jnp.asarray(variance), jnp.asarray(best)))
    np.testing.assert_allclose(found, improvements.mean((1, 2)), atol=5 * error)


# (z, log(φ(z) + z Φ(z))), computed with 60 digits.
EXACT = np.array(
    [
        (-1000000.0, -500000000028.55),
        (-2000, -2000016.1207442023),
        (-1000.5, -500514.86045183823),
        (-999.5, -499514.8584518441),
        (-100, -5010.12957880025),
        (-10, -55.55312203612235),
        (-1.5, -3.52993592080571),
        (-1.0, -2.4851210257126413),
        (-0.5, -1.6205162643873199),
        (0, -0.9189385332046728),
        (3, 1.0987396653277077),
        (40, 3.6888794541139363),
        (1000, 6.907755278982137),
    ]
)


def test_logarithm_is_exact_from_certain_gain_to_none():
    """Breaks if a branch is used where it cancels or overflows."""
    np.testing.assert_allclose(log_improvement(jnp.asarray(EXACT[:, 0])), EXACT[:, 1], rtol=1e-9)


def test_gradient_is_finite_and_rising_everywhere():
    """Breaks if a branch that is not taken poisons the gradient."""
    z = jnp.concatenate([-jnp.logspace(-3, 6, 200), jnp.logspace(-3, 6, 200), jnp.array([-1e3, -1.0, 0.0])])
    slope = jax.vmap(jax.grad(log_improvement))(z)
    assert np.isfinite(slope).all()
    assert (slope > 0).all()
