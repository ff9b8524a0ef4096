"""Parameters of our cells between the pure form, linen and nnx: the same arrays under the same names.

The pure form always holds a learned initial state, a Flax cell only with `learned_initial_state=True`.
Without it the state is zeros on the way to pure, and must be zeros on the way back: nothing is dropped
unseen. From linen to nnx and back, go by way of pure.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.nn.initializers import zeros

from capacity_jax.cells.base import Params
from capacity_jax.flax import linen as our_linen
from capacity_jax.flax import nnx as our_nnx
from capacity_jax.flax.adapter import parameter_shapes, state_names


def linen_to_pure(cell: our_linen.PureCell, params: Mapping[str, jax.Array]) -> Params:
    """Parameters of the pure cell `cell.pure`.

    Args:
      cell: the linen cell that params belong to.
      params: its own part of the variables: `variables["params"]`, under `nn.RNN(cell)`
        `variables["params"]["cell"]`.

    Returns:
      `{"h0", "W_x", "W_h", "b"}`, of the LSTM also `"c0"`.

    Raises:
      ValueError: names or shapes are not the cell's, or its carry starts from values that are not parameters.

    Example:
      >>> from capacity_jax.flax.linen import GRUCell
      >>> cell = GRUCell(features=4)
      >>> variables = cell.init(jax.random.key(0), jnp.zeros(4), jnp.zeros(3))
      >>> sorted(linen_to_pure(cell, variables["params"]))
      ['W_h', 'W_x', 'b', 'h0']
    """
    return _to_pure(cell, cell.features, dict(params))


def pure_to_linen(cell: our_linen.PureCell, params: Params) -> dict[str, jax.Array]:
    """The part of the variables that belongs to a linen cell; the inverse of `linen_to_pure`.

    Raises:
      ValueError: names or shapes are not the cell's, or an initial state other than zeros has no place in it.

    Example:
      >>> from capacity_jax.cells import gru
      >>> from capacity_jax.flax.linen import GRUCell
      >>> params = pure_to_linen(GRUCell(features=4), gru.init(jax.random.key(0), 3, 4))
      >>> params["W_x"].shape
      (3, 12)
    """
    return _from_pure(cell, cell.features, params)


def nnx_to_pure(cell: our_nnx.PureCell) -> Params:
    """Parameters of the pure cell `cell.pure`, from an nnx cell.

    Raises:
      ValueError: the cell's carry starts from values that are not parameters.

    Example:
      >>> from capacity_jax.flax.nnx import GRUCell
      >>> nnx_to_pure(GRUCell(3, 4, rngs=nnx.Rngs(0)))["h0"].shape
      (4,)
    """
    return _to_pure(cell, cell.hidden_features, nnx.to_pure_dict(nnx.state(cell, nnx.Param)))


def pure_to_nnx(cell: our_nnx.PureCell, params: Params) -> None:
    """Writes the parameters of a pure cell into an nnx cell; the inverse of `nnx_to_pure`.

    Raises:
      ValueError: names or shapes are not the cell's, or an initial state other than zeros has no place in it.

    Example:
      >>> from capacity_jax.cells import gru
      >>> from capacity_jax.flax.nnx import GRUCell
      >>> cell, params = GRUCell(3, 4, rngs=nnx.Rngs(0)), gru.init(jax.random.key(1), 3, 4)
      >>> pure_to_nnx(cell, params)
      >>> bool((nnx_to_pure(cell)["W_h"] == params["W_h"]).all())
      True
    """
    converted = _from_pure(cell, cell.hidden_features, params)
    n_in = converted["W_x"].shape[0]
    if n_in != cell.in_features:
        raise ValueError(f"W_x has {n_in} rows; in_features of the cell is {cell.in_features}")
    for name, array in converted.items():
        getattr(cell, name).set_value(jnp.asarray(array))


def _to_pure(cell, n_hidden, params):
    if not cell.learned_initial_state:
        if cell.carry_init is not zeros:
            raise ValueError(f"carry_init is {cell.carry_init!r}; without a learned initial state allowed: zeros")
        params = {name: jnp.zeros(n_hidden, cell.param_dtype) for name in state_names(cell.pure)} | params
    return _checked(cell, n_hidden, params)


def _from_pure(cell, n_hidden, params):
    params = _checked(cell, n_hidden, params)
    if cell.learned_initial_state:
        return params
    for name in state_names(cell.pure):
        if np.any(np.asarray(params.pop(name))):
            raise ValueError(f"{name} is not zeros; a cell holds it only with learned_initial_state=True")
    return params


def _checked(cell, n_hidden, params):
    """A copy of params, in the order of the pure cell's."""
    n_in = jnp.shape(params["W_x"])[0] if "W_x" in params else n_hidden
    expected = parameter_shapes(cell.pure, n_in, n_hidden)
    found = {name: jnp.shape(leaf) for name, leaf in params.items()}
    if found != expected:
        raise ValueError(f"params have the shapes {found}; {cell.pure.name} of {n_hidden} units has {expected}")
    return {name: params[name] for name in expected}
