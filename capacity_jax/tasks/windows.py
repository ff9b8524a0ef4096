"""Consecutive rows of an array from traced places on."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Int


def windows(rows: Array, starts: Int[Array, "*places"], size: int, axis: int = 0) -> Array:
    """The `size` rows from each start on; a start too near the end is moved back until as many follow.

    Alone these are slices. Mapped over members, each of which starts elsewhere, they are one gather: a TPU would cut
    slices of different members one after another.

    Args:
      rows: n of them along an axis.
      starts: of any shape.
      size: at most n.
      axis: that of the rows.

    Returns:
      The array with `[*places, size]` in place of the axis.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax.tasks.windows import windows
      >>> windows(jnp.arange(5), jnp.array([1, 4]), 2).tolist()
      [[1, 2], [3, 4]]
    """

    @custom_vmap
    def sliced(rows, starts):
        take = partial(lax.dynamic_slice_in_dim, rows, slice_size=size, axis=axis)
        for _ in range(starts.ndim):
            take = jax.vmap(take, out_axes=axis)
        return take(starts)

    @sliced.def_vmap
    def of_members(axis_size, mapped, rows, starts):
        del axis_size
        return jax.vmap(gathered, [0 if of_each else None for of_each in mapped])(rows, starts), True

    def gathered(rows, starts):
        first = jnp.clip(starts, 0, rows.shape[axis] - size)
        places = first[..., None] + lax.broadcasted_iota(first.dtype, (*first.shape, size), first.ndim)
        return rows.at[(slice(None),) * axis + (places,)].get(mode="promise_in_bounds")

    return sliced(rows, starts)
