"""What the linen and the nnx form of any cell share: its parameters by name and role, drawn, stepped on batches."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from flax.linen.dtypes import canonicalize_dtype
from flax.typing import Dtype, Initializer
from jaxtyping import Array, Float, Key

from capacity_jax.cells.base import NO_HPARAMS, Cell, HParams, Params, State, leaves_read
from capacity_jax.cells.hyperparameters import with_defaults

NONLINEARITIES = {"tanh": jnp.tanh, "relu": jax.nn.relu}
# The parameters that an initialiser draws gate by gate, where it is given and the cell has them.
INITIALISERS = {"W_x": "kernel_init", "W_h": "recurrent_kernel_init", "b": "bias_init", "b_h": "bias_init"}
PROBED_SIZE = 3


class Roles(NamedTuple):
    """What a cell reads its parameters for.

    Attributes:
      initial: names of those that only the initial state reads: they are the learned initial state.
      shared: names of those that the initial state and the step both read.
    """

    initial: tuple[str, ...]
    shared: tuple[str, ...]


def class_name(cell: Cell) -> str:
    """The name of a cell's class in Flax.

    Example:
      >>> from capacity_jax.cells import gru_reset_after
      >>> class_name(gru_reset_after)
      'GruResetAfterCell'
    """
    words = re.split(r"[\W_]+", cell.name)
    return "".join(word[:1].upper() + word[1:] for word in words).removesuffix("Cell") + "Cell"


def nonlinearity_of(cell: Cell, hparams: HParams) -> str | None:
    """The word for the nonlinearity that hparams choose, for a cell that has the choice.

    Raises:
      ValueError: hparams hold a name that the cell does not have, or a value that is not allowed.
    """
    choice = with_defaults(cell.hyperparameters, hparams).get("nonlinearity")
    return choice if choice is None or isinstance(choice, str) else cell.hyperparameters["nonlinearity"].choices[choice]


@cache
def abstract_parameters(cell: Cell, n_in: int, n_hidden: int) -> dict[str, Any]:
    """The cell's parameters by name, as shapes and dtypes.

    Raises:
      ValueError: the cell cannot have so many units, its parameters have no names, or one cannot be trained.
    """
    cell.check_units(n_hidden)
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), n_in, n_hidden, NO_HPARAMS))
    if not isinstance(params, dict):
        raise ValueError(f"the parameters of {cell.name} are a {type(params).__name__}; a Flax module needs a dict")
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if not jnp.issubdtype(leaf.dtype, jnp.inexact):
            raise ValueError(
                f"params{jax.tree_util.keystr(path)} of {cell.name} is {leaf.dtype}; a Flax module trains all its "
                "parameters, which must be floating or complex"
            )
    return params


def abstract_state(cell: Cell, n_in: int, n_hidden: int) -> Any:
    """The state of one example, as shapes and dtypes."""
    return jax.eval_shape(lambda params: cell.initial_state(params), abstract_parameters(cell, n_in, n_hidden))


@cache
def roles(cell: Cell) -> Roles:
    """Which of the cell's parameters its initial state reads, alone or with the step."""
    n = _probed_size(cell)
    params = abstract_parameters(cell, n, n)

    def step(params):
        return cell.step(params, like_zeros(abstract_state(cell, n, n)), jnp.zeros(n))

    def names(function):
        return {name for name, read in leaves_read(function, params).items() if any(jax.tree.leaves(read))}

    by_initial_state, by_step = names(cell.initial_state), names(step)
    return Roles(tuple(sorted(by_initial_state - by_step)), tuple(sorted(by_initial_state & by_step)))


def like_zeros(tree: Any, dtype: Dtype | None = None) -> Any:
    """Zeros of the shapes of a tree; floating ones in the dtype, if one is given."""
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, _dtype(leaf, dtype)), tree)


def drawn_like(init: Initializer, key: Key[Array, ""], tree: Any, batch: tuple[int, ...], dtype: Dtype) -> Any:
    """What an initialiser draws in the shapes of a tree, behind batch axes; floating arrays are of the dtype."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(key, len(leaves)) if leaves else ()
    drawn = [init(key, (*batch, *leaf.shape), _dtype(leaf, dtype)) for key, leaf in zip(keys, leaves, strict=True)]
    return structure.unflatten(drawn)


def initialisers(cell: Cell, given: Mapping[str, Initializer | None]) -> dict[str, Initializer]:
    """For each parameter that an initialiser draws in place of the cell, that initialiser.

    Raises:
      ValueError: one is given for a parameter that the cell does not have.
    """
    n = _probed_size(cell)
    params = abstract_parameters(cell, n, n)
    arrays = {name: leaf for name, leaf in params.items() if isinstance(leaf, jax.ShapeDtypeStruct) and leaf.ndim}
    of_gates = [name for name, leaf in arrays.items() if leaf.shape[-1] % n == 0]
    for option, init in given.items():
        names = [name for name, by in INITIALISERS.items() if by == option]
        if init and not set(names) & set(of_gates):
            raise ValueError(f"{option} is given; {cell.name} has no {' or '.join(names)} of gates side by side")
    return {name: init for name, option in INITIALISERS.items() if name in of_gates and (init := given[option])}


def draw_parameters(
    cell: Cell,
    key: Key[Array, ""],
    n_in: int,
    n_hidden: int,
    *,
    hparams: HParams,
    inits: Mapping[str, Initializer],
    carry_init: Initializer | None,
    dtype: Dtype,
) -> dict[str, Any]:
    """Draws the cell's parameters by name.

    Args:
      cell: whose parameters.
      key: random key.
      n_in: number of inputs.
      n_hidden: number of units.
      hparams: as the cell's own `init` reads them.
      inits: as `initialisers` gives them. Each is called once per gate with the gate's shape, because fans and
        orthogonality are properties of a gate's matrix, not of several side by side.
      carry_init: draws the learned initial state; None leaves it to the cell.
      dtype: of what is floating.
    """
    cell_key, carry_key, *init_keys = jax.random.split(key, 2 + len(inits))
    params = cast_floating(cell.init(cell_key, n_in, n_hidden, hparams), dtype)
    for init_key, (name, init) in zip(init_keys, inits.items(), strict=True):
        *rows, columns = params[name].shape
        gate_keys = jax.random.split(init_key, columns // n_hidden)
        params[name] = side_by_side([init(gate_key, (*rows, n_hidden), dtype) for gate_key in gate_keys])
    if carry_init is not None:
        for i, name in enumerate(roles(cell).initial):
            params[name] = drawn_like(carry_init, jax.random.fold_in(carry_key, i), params[name], (), dtype)
    return params


def side_by_side(gates: list[Any]) -> Any:
    """The gates' matrices in one, in the box that a partitioned initialiser puts each into."""
    if isinstance(gates[0], nnx.VariableMetadata):
        return dataclasses.replace(gates[0], raw_value=side_by_side([gate.raw_value for gate in gates]))
    return jax.tree.map(lambda *parts: jnp.concatenate(parts, axis=-1), *gates)


def initial_carry(
    cell: Cell,
    n_in: int,
    n_hidden: int,
    read: Params,
    batch: tuple[int, ...],
    drawn: Callable[[Any], Any],
    dtype: Dtype,
) -> State:
    """The state of a batch before the first step.

    Args:
      cell: whose state.
      n_in: number of inputs.
      n_hidden: number of units.
      read: parameters that the initial state reads, by name; it may lack those that it alone reads.
      batch: the batch axes.
      drawn: makes those that `read` lacks, from shapes without to arrays with the batch axes.
      dtype: of what is floating.
    """
    like = abstract_parameters(cell, n_in, n_hidden)
    of_batch = drawn({name: like[name] for name in roles(cell).initial if name not in read})
    params = _completed(cell, n_in, n_hidden, read)

    def start(own):
        return cast_floating(cell.initial_state(params | own), dtype)

    if not of_batch:
        return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (*batch, *jnp.shape(leaf))), start({}))
    for _ in batch:
        start = jax.vmap(start)
    return start(of_batch)


def step_on_batch(
    cell: Cell,
    nonlinearity: str | None,
    params: Params,
    carry: State,
    inputs: Float[Array, "*batch n_in"],
    n_hidden: int,
    dtype: Dtype | None,
) -> tuple[State, Float[Array, "*batch n_hidden"]]:
    """One step for a batch of any number of axes.

    Args:
      cell: whose step.
      nonlinearity: one of `NONLINEARITIES`, as `nonlinearity_of` gives it.
      params: shared by the whole batch; may lack those that only the initial state reads.
      carry: arrays of an example's state behind the batch axes.
      inputs: `[*batch, n_in]`.
      n_hidden: number of units.
      dtype: of the computation and the output; None infers it from all arguments. Complex values, and whole
        numbers in the carry, are left as they are.

    Returns:
      The new carry, each array in the dtype it came in, because a scan must not change it; and the output.

    Raises:
      ValueError: the carry's batch axes are not those of the inputs.
    """
    inputs = jnp.asarray(inputs)
    *batch, n_in = inputs.shape
    one = jax.tree.leaves(abstract_state(cell, n_in, n_hidden))
    for array, of_one in zip(jax.tree.leaves(carry), one, strict=True):
        if (axes := array.shape[: array.ndim - of_one.ndim]) != tuple(batch):
            raise ValueError(f"the carry has batch axes {axes}; allowed: those of the inputs, {tuple(batch)}")
    floating = filter(is_floating, jax.tree.leaves((params, carry)))
    dtype = canonicalize_dtype(*floating, inputs.real, dtype=dtype)
    cast_params, cast_carry = cast_floating((_completed(cell, n_in, n_hidden, params), carry), dtype)
    cast_params = cell.without_frozen_gradients(cast_params)
    x = inputs if jnp.iscomplexobj(inputs) else inputs.astype(dtype)
    chosen = () if nonlinearity is None else (NONLINEARITIES[nonlinearity],)

    def step(state, x):
        return cell.step(cast_params, state, x, *chosen)

    for _ in batch:
        step = jax.vmap(step)
    new_carry, y = step(cast_carry, x)
    return jax.tree.map(lambda new, old: new.astype(old.dtype), new_carry, carry), y


def is_floating(leaf: Any) -> bool:
    """Whether an array is of real floating values."""
    return jnp.issubdtype(jnp.result_type(leaf), jnp.floating)


def cast_floating(tree: Any, dtype: Dtype) -> Any:
    """A tree with its floating arrays in another dtype."""
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if is_floating(leaf) else leaf, tree)


def _completed(cell, n_in, n_hidden, params):
    """All parameters, those that are not given as zeros: what is not read may still be asked for its shape."""
    like = abstract_parameters(cell, n_in, n_hidden)
    return like_zeros({name: leaf for name, leaf in like.items() if name not in params}) | params


def _probed_size(cell):
    """Inputs and units that the cell can have."""
    return PROBED_SIZE * cell.units_multiple


def _dtype(leaf, dtype):
    return dtype if dtype is not None and is_floating(leaf) else leaf.dtype
