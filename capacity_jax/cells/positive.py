"""The positive activation of the minimal cells of Feng et al. 2024."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def positive(a: Float[Array, "..."]) -> Float[Array, "..."]:
    """g(a) = a + 1/2 where a >= 0, σ(a) elsewhere."""
    return jnp.where(a >= 0, a + 0.5, jax.nn.sigmoid(a))
