"""Anybody's Flax cell as a pure `Cell`, for every task, budget and study."""

import dataclasses
from collections.abc import Callable, Hashable
from functools import cache
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx
from flax.errors import InvalidRngError
from jax import lax

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.hyperparameters import declared, with_defaults
from capacity_jax.flax.names import scale_names

PROBED_WIDTH = 8
# The fields of linen cells that hold the number of units.
WIDTH_FIELDS = ("features", "hidden_size", "hidden_features")


class Complex(NamedTuple):
    """Complex values among trained parameters, which are real: the gradient of a real loss is then that of both."""

    real: jax.Array
    imag: jax.Array


def from_linen(module: nn.RNNCellBase) -> Cell:
    """A linen cell as a pure one, at any width.

    Args:
      module: an instance with a field `features`, `hidden_size` or `hidden_features`, which is replaced by the
        width a network asks for; its other fields hold at every width. Its carry's arrays end in an axis of that
        many values, or are whole numbers.

    Returns:
      A cell named as the module's class. Its params are `{"h0", "weights"}`: the initial state, learned from
      where `initialize_carry` puts it, and the module's own parameters, out of the boxes of `nn.with_partitioning`.
      Complex values are a `Complex` pair of real ones, each trained; whole numbers in the carry are not trained
      and start where `initialize_carry` puts them. Each kernel has one hyperparameter,
      the factor on its initial values, 1 by default: `input_scale_<gate>` and `recurrent_matrix_scale_<gate>`
      under the authors' names of gates where all kernels are named by Flax's letters (see
      `capacity_jax.flax.names`), otherwise `scale_<path>`, e.g. `scale_attention_kernel`. Equal modules give
      the same cell, so they share compiled programs. `dataclasses.replace(cell, name=…, square=True)` renames
      it, or says that it needs as many inputs as units.

    Raises:
      ValueError: module is not a cell on vectors (`nn.ConvLSTMCell` is not), has no field for its width, cannot
        be hashed, keeps variables other than params, draws random numbers at every step, has parameters that
        cannot be trained, or its carry or output do not follow the width.

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
    if _width_field(module) is None:
        raise ValueError(f"{name} has no field through which its width is set; allowed: {', '.join(WIDTH_FIELDS)}")
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
        other than `nnx.Param` (a random stream is such a state), has parameters that cannot be trained, or the
        carry or output do not follow n_hidden.

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
    name, width = type(module).__name__, str(_width_field(module))

    def at_width(n_hidden):
        return module.clone(parent=None, name=None, **{width: n_hidden})

    def draw(key, n_in, n_hidden):
        carry_key, params_key = jax.random.split(key)
        cell, x = at_width(n_hidden), jnp.zeros(n_in)
        carry = cell.initialize_carry(carry_key, x.shape)
        variables = cell.init(params_key, carry, x)
        if others := variables.keys() - {"params"}:
            raise ValueError(f"{name} keeps the variables {', '.join(sorted(others))}; allowed: params alone")
        return nn.unbox(variables.get("params", {})), carry

    def step(weights, state, x, n_hidden):
        return at_width(n_hidden).apply({"params": weights}, state, x)

    try:
        return _wrapped(name, draw, step)
    except InvalidRngError as error:
        raise ValueError(
            f"{name} draws random numbers at every step, and a pure cell has none to give; allowed: a module that "
            "draws none, such as one whose dropout is deterministic"
        ) from error


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

    def step(weights, state, x, n_hidden):
        return nnx.merge(graph(len(x), n_hidden), nnx.State(weights))(state, x)

    cell = nnx.eval_shape(lambda: factory(PROBED_WIDTH, PROBED_WIDTH, rngs=nnx.Rngs(0)))
    name = type(cell).__name__
    if not isinstance(cell, nnx.RNNCellBase):
        raise ValueError(f"from_nnx got a factory of {name}; it wraps cells, flax.nnx.RNNCellBase")
    _check_vectors(name, cell)
    others = {type(variable).__name__ for _, variable in nnx.to_flat_state(nnx.state(cell, nnx.Not(nnx.Param)))}
    if others:
        raise ValueError(
            f"{name} keeps state other than nnx.Param, {', '.join(sorted(others))}; allowed: parameters alone, so that "
            "layers that draw, such as dropout, must be deterministic with rngs=None"
        )
    return _wrapped(name, draw, step)


def _width_field(module):
    fields = {field.name for field in dataclasses.fields(module)}
    return next((field for field in WIDTH_FIELDS if field in fields), None)


def _check_vectors(name, cell):
    if cell.num_feature_axes != 1:
        raise ValueError(f"{name} has {cell.num_feature_axes} feature axes; allowed: 1, a cell on vectors")


def _kind(thing):
    return f"the class {thing.__name__}" if isinstance(thing, type) else f"an instance of {type(thing).__name__}"


def _is_learned(leaf):
    return jnp.issubdtype(leaf.dtype, jnp.inexact)


def _wrapped(name, draw, step):
    """A cell from `draw(key, n_in, n_hidden) -> (weights, carry)` and its step, both probed by shape."""
    weights, carry = jax.eval_shape(lambda: draw(jax.random.key(0), PROBED_WIDTH, PROBED_WIDTH))
    _check_probe(name, weights, carry)
    place = next(i for i, leaf in enumerate(jax.tree.leaves(carry)) if _is_learned(leaf))
    counts = not all(map(_is_learned, jax.tree.leaves(carry)))
    kernels = [path for path, leaf in jax.tree_util.tree_leaves_with_path(weights) if len(leaf.shape) > 1]
    scales = scale_names(map(_path_names, kernels))
    hyperparameters = {name: declared(name, 1.0) for name in scales.values()}

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        factors = with_defaults(hyperparameters, hparams)

        def scaled(path, leaf):
            name = scales.get(_path_names(path))
            return leaf if name is None else (leaf * factors[name]).astype(leaf.dtype)

        weights, carry = draw(key, n_in, n_hidden)
        learned = jax.tree.map(lambda leaf: leaf if _is_learned(leaf) else None, carry)
        return {"h0": _as_real(learned), "weights": _as_real(jax.tree_util.tree_map_with_path(scaled, weights))}

    def initial_state(params):
        learned = _as_complex(params["h0"])
        if not counts:
            return learned
        n_hidden = jax.tree.leaves(learned)[0].shape[-1]
        _, drawn = draw(jax.random.key(0), n_hidden, n_hidden)
        return jax.tree.map(
            lambda own, first: first if own is None else own, learned, drawn, is_leaf=lambda x: x is None
        )

    def step_of_params(params, state, x):
        return step(_as_complex(params["weights"]), state, x, jax.tree.leaves(state)[place].shape[-1])

    _, y = jax.eval_shape(lambda *of: step(*of, PROBED_WIDTH), weights, carry, jnp.zeros(PROBED_WIDTH))
    if y.shape != (PROBED_WIDTH,) or not jnp.issubdtype(y.dtype, jnp.floating):
        raise ValueError(
            f"the output of {name} at {PROBED_WIDTH} units is {y.dtype}{list(y.shape)}; allowed: as many real values"
        )
    return Cell(name, init, initial_state, step_of_params, hyperparameters)


def _check_probe(name, weights, carry):
    for path, leaf in jax.tree_util.tree_leaves_with_path(weights):
        if not _is_learned(leaf):
            raise ValueError(
                f"parameter {'/'.join(_path_names(path))} of {name} is {leaf.dtype}; allowed: floating or complex "
                "values, which are trained"
            )
    for leaf in jax.tree.leaves(carry):
        if leaf.shape[-1:] != (PROBED_WIDTH,) if _is_learned(leaf) else not jnp.issubdtype(leaf.dtype, jnp.integer):
            raise ValueError(
                f"the carry of {name} at {PROBED_WIDTH} units holds {leaf.dtype}{list(leaf.shape)}; allowed: whole "
                "numbers, and floating or complex arrays that end in an axis of as many values"
            )
    if not any(map(_is_learned, jax.tree.leaves(carry))):
        held = ", ".join(f"{leaf.dtype}{list(leaf.shape)}" for leaf in jax.tree.leaves(carry)) or "nothing"
        raise ValueError(
            f"the carry of {name} at {PROBED_WIDTH} units holds {held} alone; allowed: a floating or complex array "
            "beside it, from which the width is read"
        )


def _as_real(tree):
    def real(leaf):
        return Complex(leaf.real, leaf.imag) if jnp.iscomplexobj(leaf) else leaf

    return jax.tree.map(real, tree)


def _as_complex(tree):
    return jax.tree.map(
        lambda leaf: lax.complex(*leaf) if isinstance(leaf, Complex) else leaf,
        tree,
        is_leaf=lambda leaf: isinstance(leaf, Complex),
    )


def _path_names(path):
    return tuple(str(getattr(entry, "key", getattr(entry, "idx", entry))) for entry in path)
