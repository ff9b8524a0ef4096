"""Uniform quantization under a traced number of bits, so that one compiled program serves all numbers."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from capacity_jax.cells.base import Params

# Of the whole range of the values, that which the cells fill.
SHARES = np.linspace(0.1, 1.0, 19)


@jax.jit
def quantize(values: Float[Array, "..."], bits: Float[ArrayLike, ""]) -> Float[Array, "..."]:
    """Each value replaced by the middle of its cell, of 2^bits cells of equal width.

    The cells fill a range about the middle between the smallest and the largest value: the one of 19 widths, up to the
    whole, that leaves the smallest squared error. Values outside go to the outermost cells. Equal values stay as they
    are. In 32 bits of floating point 2^16 cells are about as fine as the values themselves are rounded.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax.analysis import quantize
      >>> quantize(jnp.array([-1.0, -0.7, 0.2, 1.0]), bits=1).round(2).tolist()
      [-0.5, -0.5, 0.5, 0.5]
    """
    low, high = jnp.min(values), jnp.max(values)
    middle, n_cells = (low + high) / 2, 2.0 ** jnp.asarray(bits, float)

    def within(share):
        width = share * (high - low) / n_cells
        cell = jnp.floor((values - middle) / jnp.where(width > 0, width, 1.0))
        return middle + width * (jnp.clip(cell, -n_cells / 2, n_cells / 2 - 1) + 0.5)

    errors = lax.map(lambda share: jnp.sum((within(share) - values) ** 2), SHARES)
    return jnp.where(high > low, within(jnp.asarray(SHARES)[jnp.argmin(errors)]), values)


def quantize_params(params: Params, bits: Float[ArrayLike, ""], *, per_row: bool = False) -> Params:
    """Parameters of which every tensor is quantized: `bits` for each value, and a range for each tensor or row.

    Args:
      params: a tree of arrays.
      bits: of each value.
      per_row: whether each row of a matrix product, the weights of one unit or gate, has a range of its own. They are
        the columns of a stored matrix. Vectors have one range in any case.

    Example:
      >>> import jax
      >>> from capacity_jax import rnn
      >>> from capacity_jax.analysis import quantize_params
      >>> params = rnn.init(jax.random.key(0), 8, 8, {})
      >>> len(set(quantize_params(params, bits=2)["W_h"].ravel().tolist()))
      4
    """

    def of_leaf(leaf):
        if per_row and leaf.ndim == 2:
            return jax.vmap(quantize, in_axes=(1, None), out_axes=1)(leaf, bits)
        return quantize(leaf, bits)

    return jax.tree.map(of_leaf, params)
