"""Noise by its variance, and Shannon's bound."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.analysis import add_noise, add_noise_to_params, snr_bits


@pytest.mark.parametrize(("snr", "bits"), [(0.0, 0.0), (3.0, 1.0), (255.0, 4.0)])
def test_bits_of_a_ratio(snr, bits):
    """Breaks if the half or the 1 is lost."""
    assert float(snr_bits(snr)) == pytest.approx(bits)


@pytest.mark.parametrize("snr", [0.1, 1.0, 100.0])
def test_noise_has_the_ratio_that_was_asked_for(snr):
    """Breaks if deviations pass for variances, or the mean of the values for signal."""
    values = 50 + 7 * jax.random.normal(jax.random.key(0), (40_000,))
    noise = add_noise(values, jax.random.key(1), snr) - values
    assert float(jnp.var(values) / jnp.var(noise)) == pytest.approx(snr, rel=0.05)


def test_along_an_axis_each_unit_has_its_own_noise():
    """Breaks if a unit that varies little drowns in the noise of one that varies much."""
    values = jnp.array([[1.0], [100.0]]) * jax.random.normal(jax.random.key(0), (2, 10_000))
    noise = add_noise(values, jax.random.key(1), 4.0, axis=1) - values
    np.testing.assert_allclose(jnp.std(noise, axis=1), [0.5, 50], rtol=0.1)


def test_tensors_have_noise_of_their_own():
    """Breaks if all tensors share one key or one variance."""
    params = {
        "a": jax.random.normal(jax.random.key(0), (10_000,)),
        "b": 9 * jax.random.normal(jax.random.key(1), (10_000,)),
    }
    noise = jax.tree.map(jnp.subtract, add_noise_to_params(params, jax.random.key(2), 1.0), params)
    np.testing.assert_allclose([jnp.std(noise["a"]), jnp.std(noise["b"])], [1, 9], rtol=0.1)
    assert abs(np.corrcoef(noise["a"], noise["b"])[0, 1]) < 0.05
