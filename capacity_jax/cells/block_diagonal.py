"""Matrices of blocks along the diagonal, each from some of the units to as many values."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from capacity_jax.cells.linear import linear


def draw_blocks(key: Key[Array, ""], blocks: int, n_in: int, n_out: int) -> Float[Array, "blocks n_in n_out"]:
    """Gaussian blocks of variance 1 over the inputs of each."""
    return jax.random.normal(key, (blocks, n_in // blocks, n_out // blocks)) / jnp.sqrt(n_in // blocks)


def block_diagonal(
    W: Float[Array, "blocks n_in n_out"], x: Float[Array, "n *batch"]
) -> Float[Array, "n_all_out *batch"]:
    """The products of the blocks with their parts of x, side by side."""
    parts = jax.vmap(linear)(W, x.reshape(len(W), -1, *x.shape[1:]))
    return jnp.reshape(parts, (-1, *x.shape[1:]))
