"""Matrix states: for each head a matrix from keys to values, written by outer products and read by queries.

A state is `[heads, keys, values, *batch]`, a key or value `[heads, d, *batch]`. All is elementwise or a sum over a
leading axis, so that a batch may stand on the trailing one.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Vectors = Float[Array, "heads d *batch"]
State = Float[Array, "heads keys values *batch"]

UNIT_EPSILON = 1e-6


def split_heads(a: Float[Array, "n *batch"], heads: int) -> Vectors:
    """The values of each head, which lie side by side."""
    return a.reshape(heads, -1, *a.shape[1:])


def merge_heads(a: Vectors) -> Float[Array, "n *batch"]:
    """The values of all heads, side by side."""
    return a.reshape(-1, *a.shape[2:])


def no_state(like: Float[Array, "n *batch"], heads: int) -> State:
    """Matrices of zeros for heads of as many keys as values, n in all."""
    d = len(like) // heads
    return jnp.zeros((heads, d, d, *like.shape[1:]))


def outer(k: Vectors, v: Vectors) -> State:
    """For each head k vᵀ, what associates the value with the key."""
    return k[:, :, None] * v[:, None]


def read(S: State, q: Vectors) -> Vectors:
    """For each head Sᵀq, the value that is associated with the query."""
    # On a CPU a product compiles to loops twice as fast as those of a sum over a leading axis.
    return jnp.einsum("hkv...,hk...->hv...", S, q)


def by_head(scalars: Float[Array, "heads *batch"]) -> Float[Array, "heads 1 1 *batch"]:
    """A scalar of each head, as a factor of its matrix."""
    return scalars[:, None, None]


def unit(k: Vectors) -> Vectors:
    """For each head k/√(|k|² + 1e-6)."""
    return k * jax.lax.rsqrt(jnp.sum(k * k, 1, keepdims=True) + UNIT_EPSILON)
