"""Networks whose units hand on something else than their values: rounded ones, or noisy ones."""

from collections.abc import Callable
from dataclasses import replace

import jax
from jaxtyping import Array, Float, Key

from capacity_jax.networks import Network


def change_states(
    network: Network, key: Key[Array, ""], change: Callable[[Float[Array, "..."], Key[Array, ""]], Float[Array, "..."]]
) -> Network:
    """The network with every state and every output of a cell changed before it is handed on, at every step.

    A learned initial state stays as it is. Where a cell's output is its state, the state that goes to the next step and
    the output that goes to the readout are changed independently.

    Args:
      network: of a cell that takes batches on a trailing axis, all of the paper's do.
      key: from it follow the keys that `change` is given.
      change: `(values, key) -> values` of the same shape, `[n_hidden, batch]`.

    Raises:
      ValueError: the cell takes no batches.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from capacity_jax import Network, rnn
      >>> from capacity_jax.analysis import change_states
      >>> network = Network(rnn, 2, 3, 1)
      >>> silent = change_states(network, jax.random.key(0), lambda values, key: 0 * values)
      >>> silent.apply(network.init(jax.random.key(1)), jnp.ones((4, 2, 5))).ravel().tolist() == [0.0] * 20
      True
    """
    cell = network.cell
    if not cell.batch_last:
        raise ValueError(f"cell is {cell.name}; allowed: one that takes batches on a trailing axis (batch_last)")

    def initial_state(params):
        return cell.initial_state(params), key

    def step(params, state, x, *nonlinearity):
        (state, key) = state
        leaves, structure = jax.tree.flatten(cell.step(params, state, x, *nonlinearity))
        next_key, *keys = jax.random.split(key, len(leaves) + 1)
        state, y = structure.unflatten([change(leaf, one) for leaf, one in zip(leaves, keys, strict=True)])
        return (state, next_key), y

    changed = replace(cell, initial_state=initial_state, step=step, scan=None, short_scan=None)
    return replace(network, cell=changed)
