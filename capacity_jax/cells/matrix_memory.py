"""Cells whose state is a matrix of each head, decayed and written: S' = Diag(a) S + k vᵀ.

What is written may depend on what is there already: a correction, S' = Diag(a) S + k (v − Sᵀk)ᵀ.

A few steps from the same state S₀ need no matrices at all. A query goes back through the writes: it finds in each the
value written, in the share k·q, and goes on as a⊙q to the one before, and to S₀ in the end. For T steps that are T²
products of vectors in place of T of matrices: DeltaNet's parallel form (Yang et al. 2024, arXiv 2406.06484) without its
inverse, and good for any decay.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from capacity_jax.cells.base import Cell, Init, Params
from capacity_jax.cells.heads import State, Vectors, decayed, outer, read
from capacity_jax.cells.leading_axes import repeat_along
from capacity_jax.cells.recurrence import linear_recurrence

Recall = Callable[[Vectors], Vectors]


class Write(NamedTuple):
    """One change of the memory: S' = Diag(decay) S + key valueᵀ.

    Attributes:
      key: along which is written.
      value: what is written.
      decay: the share of each key entry that is kept, or one share for all, of length 1; None for all of it.
    """

    key: Vectors
    value: Vectors
    decay: Vectors | None = None


class Correction(NamedTuple):
    """A write whose value is a function of what the memory recalls before the change."""

    key: Vectors
    value: Callable[[Recall], Vectors]
    decay: Vectors | None = None


def matrix_memory(
    name: str,
    init: Init,
    initial_state: Callable[[Params], State],
    writes: Callable[[Params, Array], Sequence[Write | Correction]],
    output: Callable[[Params, Array, Recall], Array],
    **fields: Any,
) -> Cell:
    """A cell by its writes at each step and its output after them.

    Args:
      name: of the cell.
      init: as in `Cell`.
      initial_state: as in `Cell`.
      writes: `(params, x) -> writes`, one after the other.
      output: `(params, x, recall) -> y`, where recall gives Sᵀq for a query.
      fields: others of the `Cell`.
    """

    def step(params, S, x):
        for change in writes(params, x):
            key, value, decay = written(change, partial(read, S))
            S = (S if decay is None else decayed(S, decay)) + outer(key, value)
        return S, output(params, x, partial(read, S))

    def short_scan(params, S, xs):
        made, ys = (), []
        for x in xs:
            for change in writes(params, x):
                made = (*made, written(change, partial(recalled, S, made)))
            ys.append(output(params, x, partial(recalled, S, made)))
        return ys

    return Cell(name, init, initial_state, step, batch_last=True, short_scan=short_scan, **fields)


def linear_memory(
    name: str,
    init: Init,
    initial_state: Callable[[Params], State],
    write: Callable[[Params, Array], Write],
    output: Callable[[Params, Array, Recall], Array],
    **fields: Any,
) -> Cell:
    """A `matrix_memory` of one write a step that recalls nothing, whose scan is parallel over the whole sequence."""

    def decay_and_new(params, x):
        key, value, decay = write(params, x)
        new = outer(key, value)
        return jnp.ones((1,) * new.ndim, new.dtype) if decay is None else decay[:, :, None], new

    def read_out(params, S, x):
        return output(params, x, partial(read, S))

    cell = matrix_memory(name, init, initial_state, lambda params, x: [write(params, x)], output, **fields)
    return replace(cell, scan=linear_recurrence(name, init, initial_state, decay_and_new, read_out).scan)


def delta_rule(k: Vectors, v: Vectors, beta: Array, alpha: Array | None = None) -> Correction:
    """S' = α (I − β k kᵀ) S + β k vᵀ: the value of a unit key moves towards v (Schlag et al. 2021, arXiv 2102.11174).

    β and α, `[heads, *batch]`, are of each head; without α nothing decays.
    """
    beta = repeat_along(beta, 1, v.shape[1])
    if alpha is None:
        return Correction(k, lambda recall: beta * (v - recall(k)))
    kept = repeat_along(alpha, 1, v.shape[1])
    return Correction(k, lambda recall: beta * (v - kept * recall(k)), alpha[:, None])


def written(change: Write | Correction, recall: Recall) -> Write:
    """A change whose value is known."""
    return Write(change.key, change.value(recall), change.decay) if isinstance(change, Correction) else change


def recalled(S: State, writes: Sequence[Write], q: Vectors) -> Vectors:
    """Sᵀq after some writes to S whose values are known, newest first."""
    found = []
    for key, value, decay in reversed(writes):
        found.append(jnp.sum(key * q, 1, keepdims=True) * value)
        q = q if decay is None else decay * q
    return sum(found, read(S, q))
