"""Matrix states: for each head a matrix from keys to values, written by outer products and read by queries.

A state is `[heads, keys, values, *batch]`, a key or value `[heads, d, *batch]`. All is elementwise or a sum over a
leading axis, so that a batch may stand on the trailing one.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from capacity_jax.cells.leading_axes import adds_slices, repeat_along, sum_along

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
    return repeat_along(k, 2, v.shape[1]) * repeat_along(v, 1, k.shape[1])


def read(S: State, q: Vectors) -> Vectors:
    """For each head Sᵀq, the value that is associated with the query."""
    if S.shape[3:] in ((), (1,)) or not adds_slices(S.shape[1]):
        return jnp.einsum("hkv...,hk...->hv...", S, q)
    return sum_along(S * repeat_along(q, 2, S.shape[2]), 1)


def decayed(S: State, decay: Vectors) -> State:
    """For each head Diag(decay) S; a decay of length 1 is that of all keys."""
    keys, values = S.shape[1:3]
    if decay.shape[1] < keys:
        decay = repeat_along(decay[:, 0], 1, keys)
    return repeat_along(decay, 2, values) * S


def unit(k: Vectors) -> Vectors:
    """For each head k/√(|k|² + 1e-6)."""
    return k * jax.lax.rsqrt(jnp.sum(k * k, 1, keepdims=True) + UNIT_EPSILON)
