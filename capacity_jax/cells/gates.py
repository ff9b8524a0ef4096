"""How a sum of products and biases becomes the gates of a cell."""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from capacity_jax.cells.linear import rows_times_columns


def split_sum(
    n: int, *terms: Float[Array | np.ndarray, "n_out *batch"], f: Callable[[Any], Array] = lambda sums: sums
) -> list[Array]:
    """The n parts of f(the sum of the terms): the gates of a cell, side by side.

    On accelerators the terms are split before they are added. Else the gradient of a bias, a sum over the batch of all
    parts together, would be computed anew from their gradients: a third of an LSTM's training step on a TPU.

    Args:
      n: how many parts, of one size.
      terms: products and biases.
      f: elementwise.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax.cells import split_sum
      >>> [part.tolist() for part in split_sum(2, jnp.array([1.0, 2.0]), jnp.ones(2))]
      [[2.0], [3.0]]
    """
    if rows_times_columns.value:
        return jnp.split(f(reduce(add, terms)), n)
    # In a kernel silence is a scalar.
    parts = (jnp.split(term, n) if jnp.ndim(term) else [term] * n for term in terms)
    return [f(reduce(add, of_one)) for of_one in zip(*parts, strict=True)]
