"""Cells whose state follows a linear recurrence, entry by entry: h' = a⊙h + u, where a and u depend on the input alone.

They have a parallel form, because two steps in a row are one such step: (a, u) and then (c, w) is (c⊙a, c⊙u + w).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from capacity_jax.cells.base import Cell, Init, Params, State

Steps = tuple[State, State]


def linear_recurrence(
    name: str,
    init: Init,
    initial_state: Callable[[Params], State],
    write: Callable[[Params, Array], Steps],
    read: Callable[[Params, State, Array], Array],
    **fields: Any,
) -> Cell:
    """A cell whose step is h' = a⊙h + u, y = read(h'), and whose scan is the same in parallel.

    Args:
      name: of the cell.
      init: as in `Cell`.
      initial_state: as in `Cell`.
      write: `(params, x) -> (a, u)`, both trees like the state; a may have axes of length 1 where all entries share it.
      read: `(params, state, x) -> y`, the output after the step.
      fields: others of the `Cell`.
    """

    def step(params, state, x):
        state = follow(*write(params, x), state)
        return state, read(params, state, x)

    def scan(params, state, xs):
        decays, news = jax.vmap(partial(write, params))(xs)
        decay, new = jax.tree.map(lambda steps: steps[0], (decays, news))
        first = follow(decay, new, state)
        news = jax.tree.map(lambda steps, one: steps.at[0].set(one), news, first)
        _, states = lax.associative_scan(one_after_the_other, (decays, news))
        return jax.vmap(partial(read, params))(states, xs)

    return Cell(name, init, initial_state, step, scan=scan, batch_last=True, **fields)


def follow(decay: State, new: State, state: State) -> State:
    """The state after a step: a⊙h + u."""
    return jax.tree.map(lambda a, u, h: a * h + u, decay, new, state)


def one_after_the_other(first: Steps, second: Steps) -> Steps:
    """The one step that does what two in a row do."""
    (a, u), (c, w) = first, second
    return jax.tree.map(jnp.multiply, c, a), follow(c, w, u)
