"""Where a function of a mixed point is largest near each of several starts: gradients and discrete moves in turn."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

Value = Callable[[jax.Array], jax.Array]


class Moves(NamedTuple):
    """What may change about a point.

    Attributes:
      continuous: True for the columns that take any value between 0 and 1, [columns].
      length: over which the function varies along each column, [columns].
      kept: for each discrete move 1.0 where a column stays, [moves, columns].
      put: for each discrete move the value of the columns that do not, 0.0 elsewhere, [moves, columns].
    """

    continuous: jax.Array
    length: jax.Array
    kept: jax.Array
    put: jax.Array


def ascend(value: Value, x: jax.Array, moves: Moves, n_rounds: int, n_steps: int) -> tuple[jax.Array, jax.Array]:
    """Improves every row of x, in turn by gradient steps and by the best single discrete move.

    Args:
      value: maps points [rows, columns] to what is maximised, [rows].
      x: the starts, [rows, columns].
      moves: what may change.
      n_rounds: how often a discrete move follows gradient steps.
      n_steps: gradient steps in each round, and after the last.

    Returns:
      The points and their values.
    """

    def turn(_, x):
        return best_move(value, *climb(value, x, moves, n_steps), moves)

    return climb(value, lax.fori_loop(0, n_rounds, turn, x), moves, n_steps)


def best_move(value: Value, x: jax.Array, v: jax.Array, moves: Moves) -> jax.Array:
    """Each row after the single discrete move that gains most, or as it was if none gains on its value v."""
    rows, columns = x.shape
    moved = (x[:, None] * moves.kept[None] + moves.put[None]).reshape(-1, columns)
    values = jnp.concatenate([v[:, None], value(moved).reshape(rows, -1)], axis=1)
    choices = jnp.concatenate([x[:, None], moved.reshape(rows, -1, columns)], axis=1)
    return choices[jnp.arange(rows), jnp.argmax(values, axis=1)]


def climb(value: Value, x: jax.Array, moves: Moves, n_steps: int) -> tuple[jax.Array, jax.Array]:
    """Projected BFGS in the unit cube for all rows at once, one evaluation per step.

    A row whose step gained nothing tries a quarter of it next, along the same direction.

    Nocedal and Wright, Numerical Optimization, 2006, chapter 6.
    """
    continuous, length = moves.continuous[None], moves.length[None]

    def with_gradient(x):
        v, back = jax.vjp(value, x)
        return v, back(jnp.ones_like(v))[0] * continuous

    def step(_, carry):
        x, v, g, inverse, t, fresh = carry
        blocked = ((x <= 0) & (g < 0)) | ((x >= 1) & (g > 0))
        direction = jnp.where(blocked, 0.0, _times(inverse, jnp.where(blocked, 0.0, g)))
        trial = jnp.where(continuous, jnp.clip(x + t[:, None] * direction, 0.0, 1.0), x)
        v_trial, g_trial = with_gradient(trial)
        better = v_trial > v
        s, y = trial - x, g - g_trial
        curved = better & (_dot(s, y) > 1e-10 * jnp.sqrt(_dot(s, s) * _dot(y, y)))
        # The first curvature met sets the scale of the inverse Hessian.
        scale = _dot(s, y) / jnp.maximum(_dot(y * length, y * length), 1e-300)
        inverse = jnp.where((curved & fresh)[:, None, None], scale[:, None, None] * first, inverse)
        inverse = jnp.where(curved[:, None, None], _bfgs(inverse, s, y), inverse)
        x, g = (jnp.where(better[:, None], new, old) for new, old in ((trial, x), (g_trial, g)))
        t = jnp.where(curved, 1.0, jnp.where(better, 2 * t, t / 4))
        return x, jnp.where(better, v_trial, v), g, inverse, t, fresh & ~curved

    first = jnp.diag(moves.length**2)[None]
    v, g = with_gradient(x)
    # The first step is a fifth of the length scales.
    size = 0.2 / jnp.maximum(jnp.sqrt(_dot(g * length, g * length)), 1e-12)
    carry = (x, v, g, size[:, None, None] * first, jnp.ones_like(v), jnp.ones_like(v, dtype=bool))
    x, v, *_ = lax.fori_loop(0, n_steps, step, carry)
    return x, v


def _bfgs(inverse, s, y):
    """The inverse Hessian of -value after the step s changed its gradient by y."""
    sy = _dot(s, y)[:, None, None]
    hy = _times(inverse, y)
    both = s[:, :, None] * hy[:, None]
    growth = (1 + _dot(y, hy)[:, None, None] / sy) * s[:, :, None] * s[:, None]
    return inverse + (growth - both - both.swapaxes(1, 2)) / sy


def _times(matrices, vectors):
    return jnp.einsum("bij,bj->bi", matrices, vectors)


def _dot(a, b):
    return jnp.sum(a * b, axis=-1)
