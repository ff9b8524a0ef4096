"""What the linen and the nnx cells share: drawing weights, and one step on batches in a chosen dtype."""

from collections.abc import Sequence
from functools import cache

import jax
import jax.numpy as jnp
from flax.linen.dtypes import canonicalize_dtype
from flax.typing import Dtype, Initializer
from jaxtyping import Array, Float, Key

from capacity_jax.cells.base import NO_HPARAMS, Cell, HParams, Params, State
from capacity_jax.cells.hyperparameters import with_defaults

# What `capacity_jax.cells.weights.init_gates` draws; a cell's other parameters are its learned initial state.
GATE_PARAMETERS = ("W_x", "W_h", "b")
NONLINEARITIES = {"tanh": jnp.tanh, "relu": jax.nn.relu}


def nonlinearity_of(cell: Cell, hparams: HParams) -> str | None:
    """The word for the nonlinearity that hparams choose, for a cell that has the choice.

    Raises:
      ValueError: hparams hold a name that the cell does not have, or a value that is not allowed.
    """
    choice = with_defaults(cell.hyperparameters, hparams).get("nonlinearity")
    return choice if choice is None or isinstance(choice, str) else cell.hyperparameters["nonlinearity"].choices[choice]


@cache
def parameter_shapes(cell: Cell, n_in: int, n_hidden: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the cell's parameters, in order of their names."""
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), n_in, n_hidden, NO_HPARAMS))
    return {name: params[name].shape for name in sorted(params)}


def state_names(cell: Cell) -> tuple[str, ...]:
    """Names of the parameters that are the learned initial state: `("h0",)`, of the LSTM `("c0", "h0")`."""
    return tuple(name for name in parameter_shapes(cell, 1, 1) if name not in GATE_PARAMETERS)


def initial_leaves(
    cell: Cell, key: Key[Array, ""] | None, init: Initializer, shape: Sequence[int], dtype: Dtype
) -> dict[str, Float[Array, "*batch n_hidden"]]:
    """One drawn array for each of the cell's state names; a key of None serves an init that draws nothing."""
    names = state_names(cell)
    keys = [None] * len(names) if key is None else jax.random.split(key, len(names))
    return {name: init(key, shape, dtype) for name, key in zip(names, keys, strict=True)}


def draw_weights(
    key: Key[Array, ""],
    cell: Cell,
    name: str,
    n_in: int,
    n_hidden: int,
    hparams: HParams,
    init: Initializer | None,
    dtype: Dtype,
) -> Float[Array, "..."]:
    """Draws one of the cell's weights.

    Args:
      key: random key.
      cell: whose weights.
      name: one of `GATE_PARAMETERS`.
      n_in: number of inputs.
      n_hidden: number of units.
      hparams: as the cell's own `init` reads them.
      init: an initialiser that replaces the cell's own draw; it is called once per gate with the gate's
        shape, because fans and orthogonality are properties of a gate's matrix, not of several side by side.
      dtype: of the result.

    Returns:
      `W_x [n_in, n_gates·n_hidden]`, `W_h [n_hidden, n_gates·n_hidden]` or `b [n_gates·n_hidden]`.
    """
    if init is None:
        return cell.init(key, n_in, n_hidden, hparams)[name].astype(dtype)
    *rows, columns = parameter_shapes(cell, n_in, n_hidden)[name]
    gate_keys = jax.random.split(key, columns // n_hidden)
    return jnp.concatenate([init(gate_key, (*rows, n_hidden), dtype) for gate_key in gate_keys], axis=-1)


def step_on_batch(
    cell: Cell,
    nonlinearity: str | None,
    weights: Params,
    carry: State,
    inputs: Float[Array, "*batch n_in"],
    dtype: Dtype | None,
) -> tuple[State, Float[Array, "*batch n_hidden"]]:
    """One step for a batch of any number of axes.

    Args:
      cell: whose step.
      nonlinearity: one of `NONLINEARITIES`, as `nonlinearity_of` gives it.
      weights: shared by the whole batch.
      carry: arrays `[*batch, n_hidden]`.
      inputs: `[*batch, n_in]`.
      dtype: of the computation and the output; None infers it from all arguments.

    Returns:
      The new carry, each array in the dtype it came in, because a scan must not change it; and the output.

    Raises:
      ValueError: the carry's batch axes are not those of the inputs.
    """
    inputs, batch = jnp.asarray(inputs), jnp.shape(inputs)[:-1]
    for array in jax.tree.leaves(carry):
        if array.shape[:-1] != batch:
            raise ValueError(f"the carry has batch axes {array.shape[:-1]}; allowed: those of the inputs, {batch}")
    dtype = canonicalize_dtype(*jax.tree.leaves((weights, carry, inputs)), dtype=dtype)
    cast_weights, cast_carry, x = jax.tree.map(lambda array: array.astype(dtype), (weights, carry, inputs))
    chosen = () if nonlinearity is None else (NONLINEARITIES[nonlinearity],)

    def step(state, x):
        return cell.step(cast_weights, state, x, *chosen)

    for _ in batch:
        step = jax.vmap(step)
    new_carry, y = step(cast_carry, x)
    return jax.tree.map(lambda new, old: new.astype(old.dtype), new_carry, carry), y
