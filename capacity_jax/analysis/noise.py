"""Gaussian noise of a given signal-to-noise ratio, and what it leaves to be told."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from capacity_jax.cells.base import Params


def snr_bits(snr: Float[ArrayLike, "..."]) -> Float[Array, "..."]:
    """log2(1 + SNR)/2: the most bits that one real value carries through Gaussian noise (Shannon 1948).

    Args:
      snr: variance of the value over that of the noise.

    Example:
      >>> from capacity_jax.analysis import snr_bits
      >>> float(snr_bits(15.0))
      2.0
    """
    return 0.5 * jnp.log2(1 + jnp.asarray(snr))


def add_noise(
    values: Float[Array, "..."], key: Key[Array, ""], snr: Float[ArrayLike, ""], axis: int | None = None
) -> Float[Array, "..."]:
    """Values with Gaussian noise of 1/snr times their variance, which is taken over all of them or along an axis.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from capacity_jax.analysis import add_noise
      >>> values = jax.random.normal(jax.random.key(0), (10_000,))
      >>> round(float(jnp.std(add_noise(values, jax.random.key(1), snr=4.0) - values)), 1)
      0.5
    """
    deviation = jnp.std(values, axis, keepdims=True) / jnp.sqrt(snr)
    return values + deviation * jax.random.normal(key, values.shape)


def add_noise_to_params(params: Params, key: Key[Array, ""], snr: Float[ArrayLike, ""]) -> Params:
    """Parameters with Gaussian noise, each tensor with 1/snr times its own variance.

    Example:
      >>> import jax
      >>> from capacity_jax import rnn
      >>> from capacity_jax.analysis import add_noise_to_params
      >>> params = rnn.init(jax.random.key(0), 8, 8, {})
      >>> noisy = add_noise_to_params(params, jax.random.key(1), snr=100.0)
      >>> bool(abs(noisy["W_h"] - params["W_h"]).max() > 0)
      True
    """
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))
    return structure.unflatten([add_noise(leaf, one, snr) for leaf, one in zip(leaves, keys, strict=True)])
