"""The one matrix product that cells are made of."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

# Whether products of batches are compiled as rows times columns, which suits a CPU. It is part of what `jax.jit`
# compiles for; whoever compiles a program chooses (`capacity_jax.training.Devices`).
rows_times_columns = jax.make_user_context(False)

CONTRACT_LEADING = (((0,), (0,)), ((), ()))
# Up to so many inputs a weight gradient is computed transposed, its larger side first.
NARROW = 64


def linear(
    W: Float[Array, "n_in n_out"], x: Float[Array | np.ndarray, "n_in *batch"]
) -> Float[Array | np.ndarray, "n_out *batch"]:
    """The product W^T x, of one example or of a batch on the trailing axis.

    The batch as the trailing axis fills the vector units even in a narrow layer, which units as the trailing axis do
    not. A constant zero x, as `Network` feeds after the end of the input, costs nothing, nor do its gradients.

    In a kernel members lie on the lanes: then W is `[n_in, n_out, batch, members]`, of each member the same throughout
    the batch, and x `[n_in, batch, members]`.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax import linear
      >>> linear(jnp.ones((3, 2)), jnp.ones(3)).tolist()
      [3.0, 3.0]
    """
    if W.ndim == 4:
        return np.zeros((), x.dtype) if isinstance(x, np.ndarray) and not x.any() else _members_on_lanes(W, x)
    if isinstance(x, np.ndarray) and not x.any():
        return np.zeros((W.shape[1], *x.shape[1:]), x.dtype)
    if x.ndim == 2 and rows_times_columns.value:
        return _product_of_rows(W, x)
    return lax.dot_general(W, x, CONTRACT_LEADING)


@jax.custom_vjp
def _members_on_lanes(W, x):
    return sum(of_input * value[None] for of_input, value in zip(W, x, strict=True))


def _members_on_lanes_bwd(residuals, dy):
    W, x = residuals
    dx = [jnp.sum(of_input * dy, axis=0) for of_input in W]
    return jnp.stack([value[None] * dy for value in x]), jnp.stack(dx)


_members_on_lanes.defvjp(lambda W, x: (_members_on_lanes(W, x), (W, x)), _members_on_lanes_bwd)


@jax.custom_jvp
def _product_of_rows(W, x):
    # The barrier keeps XLA from undoing the transposition, which is made once for all steps; gradients use W as it is.
    return lax.optimization_barrier(W.T) @ x


@_product_of_rows.defjvp
def _product_of_rows_jvp(primals, tangents):
    (W, x), (dW, dx) = primals, tangents
    by_W = lax.optimization_barrier(dW.T) @ x if len(W) <= NARROW else lax.dot_general(dW, x, CONTRACT_LEADING)
    return _product_of_rows(W, x), by_W + lax.dot_general(W, dx, CONTRACT_LEADING)
