"""Anybody's Flax cell as a pure `Cell`, for every task, budget and study."""

import dataclasses
from collections.abc import Callable, Hashable
from functools import cache
from operator import itemgetter
from typing import cast

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.hyperparameters import declared, with_defaults
from capacity_jax.flax.names import scale_names

PROBED_WIDTH = 8


def from_linen(module: nn.RNNCellBase) -> Cell:
    """A linen cell as a pure one, at any width.

    Args:
      module: an instance with the field `features`; its other fields hold at every width, `features` itself
        is replaced by the width a network asks for. Its carry's arrays end in an axis of that many values.

    Returns:
      A cell named as the module's class. Its params are `{"h0", "weights"}`: the initial state, learned from
      where `initialize_carry` puts it, and the module's own parameters. Each kernel has one hyperparameter,
      the factor on its initial values, 1 by default: `input_scale_<gate>` and `recurrent_matrix_scale_<gate>`
      under the authors' names of gates where all kernels are named by Flax's letters (see
      `capacity_jax.flax.names`), otherwise `scale_<path>`, e.g. `scale_attention_kernel`. Equal modules give
      the same cell, so they share compiled programs. `dataclasses.replace(cell, name=…, square=True)` renames
      it, or says that it needs as many inputs as units.

    Raises:
      ValueError: module is not a cell on vectors (`nn.ConvLSTMCell` is not), has no field `features`, cannot
        be hashed, keeps variables other than params, or its carry or output do not follow `features`.

    Example:
      >>> from flax import linen as nn
      >>> from capacity_jax.flax import from_linen
      >>> from capacity_jax.networks import Network, units_for_budget
      >>> cell = from_linen(nn.MGUCell(features=1))
      >>> sorted(cell.hyperparameters)
      ['input_scale_c', 'input_scale_g', 'recurrent_matrix_scale_c', 'recurrent_matrix_scale_g']
      >>> units_for_budget(1_000, cell, n_in=8, n_out=1)
      17
    """
    name = type(module).__name__
    if not isinstance(module, nn.RNNCellBase):
        raise ValueError(f"from_linen got {_kind(module)}; it needs an instance of flax.linen.RNNCellBase")
    if "features" not in {field.name for field in dataclasses.fields(module)}:
        raise ValueError(f"{name} has no field `features`; a wrapped cell is built anew at each width through it")
    _check_vectors(name, module)
    try:
        hash(module)
    except TypeError as error:
        raise ValueError(
            f"{name} has a field without a hash; allowed: tuples and FrozenDict, not lists, dicts or arrays"
        ) from error
    return _from_linen(cast(Hashable, module))


def from_nnx(factory: Callable[..., nnx.RNNCellBase]) -> Cell:
    """An nnx cell as a pure one, at any width.

    Args:
      factory: `(n_in, n_hidden, rngs=nnx.Rngs) -> cell`: a class such as `nnx.GRUCell`, a `functools.partial`
        of it with further arguments, or a function. An instance has its sizes for ever and is refused. The
        cell's carry's arrays end in an axis of n_hidden values.

    Returns:
      A cell as `from_linen` gives, with the module's `nnx.Param` values as weights. The same factory gives
      the same cell.

    Raises:
      ValueError: factory is not callable or an instance, gives no cell on vectors or one that keeps state
        other than `nnx.Param`, or the carry or output do not follow n_hidden.

    Example:
      >>> from flax import nnx
      >>> from capacity_jax.flax import from_nnx
      >>> sorted(from_nnx(nnx.LSTMCell).hyperparameters)[:4]
      ['input_scale_c', 'input_scale_g', 'input_scale_i', 'input_scale_o']
    """
    if isinstance(factory, nnx.Module) or not callable(factory):
        raise ValueError(
            f"from_nnx got {_kind(factory)}; it needs a class or function (n_in, n_hidden, rngs=…) -> cell, "
            "because an instance cannot be built anew at another width"
        )
    return _from_nnx(factory)


@cache
def _from_linen(module):
    name = type(module).__name__

    def at_width(n_hidden):
        return module.clone(features=n_hidden, parent=None, name=None)

    def draw(key, n_in, n_hidden):
        carry_key, params_key = jax.random.split(key)
        cell, x = at_width(n_hidden), jnp.zeros(n_in)
        carry = cell.initialize_carry(carry_key, x.shape)
        variables = cell.init(params_key, carry, x)
        if others := variables.keys() - {"params"}:
            raise ValueError(f"{name} keeps the variables {', '.join(sorted(others))}; allowed: params alone")
        return variables.get("params", {}), carry

    def step(params, state, x):
        return at_width(_width(state)).apply({"params": params["weights"]}, state, x)

    return _wrapped(name, draw, step)


@cache
def _from_nnx(factory):
    @cache
    def graph(n_in, n_hidden):
        return nnx.split(nnx.eval_shape(lambda: factory(n_in, n_hidden, rngs=nnx.Rngs(0))))[0]

    def draw(key, n_in, n_hidden):
        carry_key, params_key = jax.random.split(key)
        cell = factory(n_in, n_hidden, rngs=nnx.Rngs(params_key))
        carry = cell.initialize_carry((n_in,), nnx.Rngs(carry_key))
        return nnx.to_pure_dict(nnx.state(cell, nnx.Param)), carry

    def step(params, state, x):
        cell = nnx.merge(graph(len(x), _width(state)), nnx.State(params["weights"]))
        return cell(state, x)

    cell = nnx.eval_shape(lambda: factory(PROBED_WIDTH, PROBED_WIDTH, rngs=nnx.Rngs(0)))
    name = type(cell).__name__
    if not isinstance(cell, nnx.RNNCellBase):
        raise ValueError(f"from_nnx got a factory of {name}; it wraps cells, flax.nnx.RNNCellBase")
    _check_vectors(name, cell)
    if jax.tree.leaves(nnx.state(cell, nnx.Not(nnx.Param))):
        raise ValueError(f"{name} keeps state other than nnx.Param; allowed: parameters alone, and no rngs")
    return _wrapped(name, draw, step)


def _check_vectors(name, cell):
    if cell.num_feature_axes != 1:
        raise ValueError(f"{name} has {cell.num_feature_axes} feature axes; allowed: 1, a cell on vectors")


def _kind(thing):
    return f"the class {thing.__name__}" if isinstance(thing, type) else f"an instance of {type(thing).__name__}"


def _width(state):
    return jax.tree.leaves(state)[0].shape[-1]


def _wrapped(name, draw, step):
    """A cell from its step and `draw(key, n_in, n_hidden) -> (weights, carry)`, both probed by shape."""
    weights, carry = jax.eval_shape(lambda: draw(jax.random.key(0), PROBED_WIDTH, PROBED_WIDTH))
    for leaf in jax.tree.leaves(carry):
        if leaf.shape[-1:] != (PROBED_WIDTH,) or not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise ValueError(
                f"the carry of {name} at {PROBED_WIDTH} units holds {leaf.dtype}{list(leaf.shape)}; allowed: "
                "floating arrays that end in an axis of as many values"
            )
    params = {"h0": carry, "weights": weights}
    _, y = jax.eval_shape(step, params, carry, jnp.zeros(PROBED_WIDTH))
    if y.shape != (PROBED_WIDTH,):
        raise ValueError(f"the output of {name} at {PROBED_WIDTH} units is {list(y.shape)}; allowed: as many values")

    kernels = [path for path, leaf in jax.tree_util.tree_leaves_with_path(weights) if len(leaf.shape) > 1]
    scales = scale_names(map(_path_names, kernels))
    hyperparameters = {name: declared(name, 1.0) for name in scales.values()}

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        factors = with_defaults(hyperparameters, hparams)

        def scaled(path, leaf):
            name = scales.get(_path_names(path))
            return leaf if name is None else (leaf * factors[name]).astype(leaf.dtype)

        weights, carry = draw(key, n_in, n_hidden)
        return {"h0": carry, "weights": jax.tree_util.tree_map_with_path(scaled, weights)}

    return Cell(name, init, itemgetter("h0"), step, hyperparameters)


def _path_names(path):
    return tuple(str(getattr(entry, "key", getattr(entry, "idx", entry))) for entry in path)
