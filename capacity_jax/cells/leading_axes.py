"""Sums over an axis that is not the last, and repeats along one, each the other's gradient.

A batch stands on the last axis and fills the vectors of a CPU. XLA makes of a sum over another axis loops that use none
of them, and so it does of the gradient of what is broadcast along one; slices added one to another are much
faster. Accelerators sum by themselves.
"""

from collections.abc import Callable
from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from capacity_jax.cells.linear import rows_times_columns

# More slices than that would take long to compile.
MOST_SLICES = 64


def sum_along(a: Float[Array, "..."], axis: int) -> Float[Array, "..."]:
    """The sum over an axis, counted from the front.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax.cells.leading_axes import sum_along
      >>> sum_along(jnp.ones((2, 3)), 0).tolist()
      [2.0, 2.0, 2.0]
    """
    return _sum(axis, a.shape[axis], a) if adds_slices(a.shape[axis]) else jnp.sum(a, axis)


def repeat_along(a: Float[Array, "..."], axis: int, n: int) -> Float[Array, "..."]:
    """The same n times along a new axis.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax.cells.leading_axes import repeat_along
      >>> repeat_along(jnp.ones(3), 0, 2).shape
      (2, 3)
    """
    return _repeat(axis, n, a) if adds_slices(n) else _repeated(axis, n, a)


def adds_slices(n: int) -> bool:
    """Whether a sum of n entries is compiled as slices added one to another."""
    return rows_times_columns.value and n <= MOST_SLICES


def _summed(axis, n, a):
    # The barrier keeps XLA from computing the whole sum anew wherever one of its entries is used.
    return lax.optimization_barrier(reduce(add, (a[(slice(None),) * axis + (i,)] for i in range(n))))


def _repeated(axis, n, a):
    return jnp.broadcast_to(jnp.expand_dims(a, axis), (*a.shape[:axis], n, *a.shape[axis:]))


def _linear(value: Callable, gradient: Callable) -> Callable:
    """`value(axis, n, a)`, linear in a, with the other one as its gradient."""
    function = jax.custom_vjp(value, nondiff_argnums=(0, 1))
    function.defvjp(lambda axis, n, a: (value(axis, n, a), None), lambda axis, n, _, da: (gradient(axis, n, da),))
    return function


_sum = _linear(_summed, lambda axis, n, da: _repeat(axis, n, da))
_repeat = _linear(_repeated, lambda axis, n, da: _sum(axis, n, da))
