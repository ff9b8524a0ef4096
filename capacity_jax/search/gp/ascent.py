"""Where a function of a mixed point is largest near each of several starts: gradients, and a discrete move between."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from numpy.typing import NDArray

from capacity_jax.search.gp.encoding import Array

# The context, a tree of arrays, and points [rows, columns] to what is maximised, [rows].
Value = Callable[[Any, jax.Array], jax.Array]


class Moves(NamedTuple):
    """What may change about a point.

    Attributes:
      continuous: True for the columns that take any value between 0 and 1, [columns].
      length: over which the function varies along each column, [columns].
      kept: for each discrete move 1.0 where a column stays, [moves, columns].
      put: for each discrete move the value of the columns that do not, 0.0 elsewhere, [moves, columns].
    """

    continuous: NDArray[np.bool_]
    length: Array
    kept: Array
    put: Array


def ascend(value: Value, context: Any, x: Array, moves: Moves, n_steps: int) -> tuple[Array, Array]:
    """Improves every row of x by gradient steps, the best single discrete move, and gradient steps again.

    Args:
      value: what is maximised; one compilation serves all contexts of the same shapes.
      context: what the value depends on besides the point.
      x: the starts, [rows, columns].
      moves: what may change.
      n_steps: gradient steps before the discrete move, and after it.

    Returns:
      The points and their values.
    """
    x = np.asarray(_best_move(value, context, climb(value, context, x, moves, n_steps), moves.kept, moves.put))
    x = climb(value, context, x, moves, n_steps)
    return x, np.asarray(_value_and_gradient(value, context, x)[0])


def climb(value: Value, context: Any, x: Array, moves: Moves, n_steps: int) -> Array:
    """L-BFGS-B in the unit cube for all rows at once: no row's value depends on another row, so their sum will do."""

    def points(scaled):
        return np.where(moves.continuous, np.clip(scaled.reshape(x.shape) * moves.length, 0.0, 1.0), x)

    def loss_and_gradient(scaled):
        values, gradient = jax.device_get(_value_and_gradient(value, context, points(scaled)))
        return -values.sum(), -np.ravel(moves.continuous * moves.length * gradient)

    start, bounds = np.ravel(x / moves.length), np.stack([np.zeros(x.size), np.tile(1 / moves.length, len(x))], axis=1)
    options = {"maxiter": n_steps, "maxfun": 2 * n_steps}
    return points(
        scipy.optimize.minimize(loss_and_gradient, start, method="L-BFGS-B", jac=True, bounds=bounds, options=options).x
    )


@partial(jax.jit, static_argnums=0)
def _value_and_gradient(value, context, x):
    v, back = jax.vjp(partial(value, context), x)
    return v, back(jnp.ones_like(v))[0]


@partial(jax.jit, static_argnums=0)
def _best_move(value, context, x, kept, put):
    """Each row after the single discrete move that gains most, or as it was if none gains."""
    rows, columns = x.shape
    choices = jnp.concatenate([x[:, None], x[:, None] * kept[None] + put[None]], axis=1)
    values = value(context, choices.reshape(-1, columns)).reshape(rows, -1)
    return choices[jnp.arange(rows), jnp.argmax(values, axis=1)]
