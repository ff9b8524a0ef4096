"""Parameters of our cells between the pure form, linen and nnx: the same arrays under the same names.

The pure form always holds the parameters that only the initial state reads, a Flax cell only with
`learned_initial_state=True`. Without it they are zeros on the way to pure, and must be zeros on the way
back: nothing is dropped unseen. From linen to nnx and back, go by way of pure.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.core import unfreeze
from jax.nn.initializers import zeros

from capacity_jax.cells.base import Params
from capacity_jax.flax import linen as our_linen
from capacity_jax.flax import nnx as our_nnx
from capacity_jax.flax.adapter import abstract_parameters, like_zeros, roles


def linen_to_pure(cell: our_linen.PureCell, params: Mapping[str, jax.Array]) -> Params:
    """Parameters of the pure cell `cell.pure`.

    Args:
      cell: the linen cell that params belong to.
      params: its own part of the variables: `variables["params"]`, under `nn.RNN(cell)`
        `variables["params"]["cell"]`. Boxes, such as `nn.with_partitioning` makes, are opened.

    Returns:
      The cell's parameters under its own names and nesting, such as `{"h0", "W_x", "W_h", "b"}`.

    Raises:
      ValueError: names or shapes are not the cell's, or its carry starts from values that are not parameters.

    Example:
      >>> from capacity_jax.flax.linen import GRUCell
      >>> cell = GRUCell(features=4)
      >>> variables = cell.init(jax.random.key(0), jnp.zeros(4), jnp.zeros(3))
      >>> sorted(linen_to_pure(cell, variables["params"]))
      ['W_h', 'W_x', 'b', 'h0']
    """
    params = unfreeze(nn.unbox(dict(params)))
    return _to_pure(cell, _n_in(cell.pure, cell.features, params), cell.features, params)


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
    return _from_pure(cell, _n_in(cell.pure, cell.features, params), cell.features, params)


def nnx_to_pure(cell: our_nnx.PureCell) -> Params:
    """Parameters of the pure cell `cell.pure`, from an nnx cell.

    Raises:
      ValueError: the cell's carry starts from values that are not parameters.

    Example:
      >>> from flax import nnx
      >>> from capacity_jax.flax.nnx import GRUCell
      >>> nnx_to_pure(GRUCell(3, 4, rngs=nnx.Rngs(0)))["h0"].shape
      (4,)
    """
    return _to_pure(cell, cell.in_features, cell.hidden_features, cell.values())


def pure_to_nnx(cell: our_nnx.PureCell, params: Params) -> None:
    """Writes the parameters of a pure cell into an nnx cell; the inverse of `nnx_to_pure`.

    Raises:
      ValueError: names or shapes are not the cell's, or an initial state other than zeros has no place in it.

    Example:
      >>> from flax import nnx
      >>> from capacity_jax.cells import gru
      >>> from capacity_jax.flax.nnx import GRUCell
      >>> cell, params = GRUCell(3, 4, rngs=nnx.Rngs(0)), gru.init(jax.random.key(1), 3, 4)
      >>> pure_to_nnx(cell, params)
      >>> bool((nnx_to_pure(cell)["W_h"] == params["W_h"]).all())
      True
    """
    for name, values in _from_pure(cell, cell.in_features, cell.hidden_features, params).items():
        jax.tree.map(
            lambda param, array: param.set_value(jnp.asarray(array)),
            getattr(cell, name),
            values,
            is_leaf=our_nnx.is_param,
        )


def _to_pure(cell, n_in, n_hidden, params):
    if not cell.learned_initial_state:
        if cell.carry_init not in (None, zeros):
            raise ValueError(f"carry_init is {cell.carry_init!r}; without a learned initial state allowed: zeros")
        like = abstract_parameters(cell.pure, n_in, n_hidden)
        params = like_zeros({name: like[name] for name in roles(cell.pure).initial}, dtype=cell.param_dtype) | params
    return _checked(cell.pure, n_in, n_hidden, params)


def _from_pure(cell, n_in, n_hidden, params):
    params = _checked(cell.pure, n_in, n_hidden, params)
    if cell.learned_initial_state:
        return params
    for name in roles(cell.pure).initial:
        if any(np.any(np.asarray(leaf)) for leaf in jax.tree.leaves(params.pop(name))):
            raise ValueError(f"{name} is not zeros; a cell holds it only with learned_initial_state=True")
    return params


def _checked(pure, n_in, n_hidden, params):
    """A copy of params, in the order of the pure cell's."""
    expected = abstract_parameters(pure, n_in, n_hidden)
    found, needed = (jax.tree.map(jnp.shape, tree) for tree in (params, expected))
    if found != needed:
        sizes = f"{n_in} inputs and {n_hidden} units"
        raise ValueError(f"params have the shapes {found}; {pure.name} of {sizes} has {needed}")
    return {name: params[name] for name in expected}


def _n_in(pure, n_hidden, params):
    """The number of inputs for which a cell has parameters of these shapes; n_hidden if none depends on it.

    Every size of a parameter is some number, or so much for each input and some number besides.
    """
    if pure.square:
        return n_hidden
    fewer, more = (abstract_parameters(pure, n_in, n_hidden) for n_in in (n_hidden, n_hidden + 1))
    for name in fewer.keys() & params.keys():
        leaves = (jax.tree.leaves(tree[name]) for tree in (fewer, more, params))
        for one, other, leaf in zip(*leaves, strict=False):
            for size, larger, found in zip(one.shape, other.shape, jnp.shape(leaf), strict=False):
                if size != larger:
                    return max(1, n_hidden + (found - size) // (larger - size))
    return n_hidden
