"""The one type every cell is: pure functions on a single example."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import jax
import numpy as np
from jax import lax
from jaxtyping import Array, Float

Params = Any
State = Any
HParams = Mapping[str, Any]

NO_HPARAMS: HParams = MappingProxyType({})


@dataclass(frozen=True)
class Cell:
    """A recurrent cell as a bundle of pure functions on ONE example, without a batch axis.

    Batches, members and time come from `jax.vmap` and `jax.lax.scan` outside.

    Attributes:
      name: the name under which results report it.
      init: `(key, n_in, n_hidden, hparams) -> params`; every floating leaf of params is trained.
      initial_state: `params -> state`, the learned state before the first step.
      step: `(params, state, x[n_in]) -> (state, y[n_hidden])`, one step of time. A cell that lists
        `"nonlinearity"` among its hyperparameters takes it as a fourth argument, `jnp.tanh` by default.
      hyperparameters: the entries of `hparams` that `init` and `step` read, with their defaults.
      square: whether inputs must have n_hidden values; a network then projects its input first.
      columns: whether `step` also takes a batch as the columns of matrices: x `[n_in, batch]`, state and biases
        `[n_hidden, batch]` or `[n_hidden, 1]`. It does if all its matrix products are by `linear` and all else is
        elementwise or a split of the leading axis. Other cells are mapped over the columns.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from capacity_jax import Cell
      >>> leaky = Cell(
      ...     name="leaky",
      ...     init=lambda key, n_in, n_hidden, hparams: {"W": jax.random.normal(key, (n_in, n_hidden))},
      ...     initial_state=lambda params: jnp.zeros(params["W"].shape[1]),
      ...     step=lambda params, h, x: (0.9 * h + x @ params["W"],) * 2,
      ... )
      >>> leaky.state_size(n_hidden=16)
      16
    """

    name: str
    init: Callable[..., Params]
    initial_state: Callable[[Params], State]
    step: Callable[..., tuple[State, Array]]
    hyperparameters: HParams = field(default_factory=dict, hash=False)
    square: bool = False
    columns: bool = False

    def state_size(self, n_hidden: int) -> int:
        """Number of real values the cell carries from one step to the next at width n_hidden."""
        state = jax.eval_shape(lambda: self.initial_state(self.init(jax.random.key(0), n_hidden, n_hidden, {})))
        return sum(leaf.size for leaf in jax.tree.leaves(state))


def linear(
    W: Float[Array, "n_in n_out"], x: Float[Array | np.ndarray, "n_in *batch"]
) -> Float[Array | np.ndarray, "n_out *batch"]:
    """The product W^T x, of one example or of a batch of columns.

    The batch as the trailing axis fills the vector units even in a narrow layer, which units as the trailing axis do
    not. A constant zero x, as `Network` feeds after the end of the input, costs nothing, nor do its gradients.
    """
    if isinstance(x, np.ndarray) and not x.any():
        return np.zeros((W.shape[1], *x.shape[1:]), x.dtype)
    if x.ndim == 2 and jax.default_backend() == "cpu":
        return _product_of_rows(W, x)
    return lax.dot_general(W, x, CONTRACT_LEADING)


CONTRACT_LEADING = (((0,), (0,)), ((), ()))


# Up to so many inputs a weight gradient is computed transposed, its larger side first.
NARROW = 64


@jax.custom_jvp
def _product_of_rows(W, x):
    # XLA's fast product on CPU wants rows times columns. The barrier keeps it from undoing the transposition, which
    # is made once for all steps; gradients use W as it is (measured, 16 units, batch 64: 5 to 8% more steps).
    return lax.optimization_barrier(W.T) @ x


@_product_of_rows.defjvp
def _product_of_rows_jvp(primals, tangents):
    (W, x), (dW, dx) = primals, tangents
    # Measured, LSTM: 8% more steps at 16 units, 4% at 32, none at 64 and 128; at 256 transposing back costs 20%.
    by_W = lax.optimization_barrier(dW.T) @ x if len(W) <= NARROW else lax.dot_general(dW, x, CONTRACT_LEADING)
    return _product_of_rows(W, x), by_W + lax.dot_general(W, dx, CONTRACT_LEADING)
