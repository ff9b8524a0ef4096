"""Diagonal states of complex numbers, as linear state spaces have them; their matrices are stored as real ones."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Complex, Float

from capacity_jax.cells.linear import linear


def into_states(
    B: Float[Array, "n_in two_n_states"], x: Float[Array, "n_in *batch"]
) -> Complex[Array, "states *batch"]:
    """B x, of a matrix whose columns are the real parts, then the imaginary ones."""
    real, imaginary = jnp.split(jnp.asarray(linear(B, x)), 2)
    return lax.complex(real, imaginary)


def real_part_out(
    C: Float[Array, "two_n_states n_out"], h: Complex[Array, "states *batch"]
) -> Float[Array, "n_out *batch"]:
    """Re(C h), of a matrix whose rows are the real parts, then the imaginary ones."""
    return jnp.asarray(linear(C, jnp.concatenate([h.real, -h.imag])))
