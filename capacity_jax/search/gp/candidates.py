"""Candidates whose posterior is kept up to date as points are added, and the search for the best point from them."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from capacity_jax.search.gp.acquisition import log_ei
from capacity_jax.search.gp.ascent import Moves, ascend
from capacity_jax.search.gp.encoding import Array, Encoding
from capacity_jax.search.gp.process import (
    LEAST_VARIANCE,
    Data,
    Kernel,
    State,
    condition,
    cross,
    expect,
    extend,
    matern,
    predict,
)

# Samples of what pending trials will return.
N_SAMPLES = 32

# Starts of the local search, of which so many are the best trials.
N_STARTS = 8
N_INCUMBENTS = 2

# How fast the probability of a feasible setting falls with its expected label.
STEEP = 4.0

# Gradient steps before a discrete move, and after it.
N_STEPS = 10


class Labels(NamedTuple):
    """What is known of feasibility.

    Attributes:
      state: the process of the labels less their average; a label is 1.0 for a feasible trial and -1.0 for others.
      average: of the labels.
    """

    state: State
    average: jax.Array


class Search(NamedTuple):
    """A process and what is known of its candidates.

    Attributes:
      state: the process of the standardized objectives.
      labels: which settings are feasible.
      best: value to improve upon under each sample, [samples].
      points: the candidates, [candidates, columns]; the first are the best trials.
      covariances: of observations with candidates, [rows, candidates].
      mean: of the candidates under each sample, [candidates, samples].
      variance: of the candidates, [candidates].
      likely: logarithm of the probability that they are feasible, [candidates].
      moves: what may change about a point.
    """

    state: State
    labels: Labels
    best: jax.Array
    points: jax.Array
    covariances: jax.Array
    mean: jax.Array
    variance: jax.Array
    likely: jax.Array
    moves: Moves


def draw(encoding: Encoding, uniform: Array, best: Array, rng: np.random.Generator) -> Array:
    """Candidates: the best trials, changes to one to three of their dimensions, and points all over the space.

    Args:
      encoding: of the space.
      uniform: points of the unit cube, [points, dimensions].
      best: the best trials, [trials, columns].
      rng: source of the changes, of which there are half as many as points.
    """
    n, n_dimensions = len(uniform) // 2, uniform.shape[1]
    parents = best[np.arange(n) % len(best)]
    chance = rng.integers(1, 4, (n, 1)) / n_dimensions
    changed = (rng.random((n, n_dimensions)) < chance)[:, encoding.dimension]
    nudged = np.clip(parents + rng.normal(scale=0.1, size=parents.shape), 0.0, 1.0)
    anew = np.where(encoding.continuous, nudged, encoding.spread(rng.random((n, n_dimensions))))
    return np.concatenate([best, np.where(changed, anew, parents), encoding.spread(uniform)])


def log_feasible(labels: Labels, points: jax.Array) -> jax.Array:
    """Logarithm of the probability that points are feasible, from their expected labels, [points]."""
    return jax.nn.log_sigmoid(STEEP * (labels.average + expect(labels.state, points)[:, 0]))


@jax.jit
def learn_labels(kernel: Kernel, data: Data, average: jax.Array) -> Labels:
    """The process of the labels y of the data, given less their average."""
    return Labels(condition(kernel, data, 1), average)


@jax.jit
def begin(kernel: Kernel, data: Data, labels: Labels, points: jax.Array, moves: Moves) -> Search:
    """The search before anything is pending."""
    state = condition(kernel, data, N_SAMPLES)
    mean, variance = predict(state, points)
    best = jnp.max(jnp.where(data.mask[:, None] > 0, expect(state, data.x), -jnp.inf), axis=0)
    likely = log_feasible(labels, points)
    return Search(state, labels, best, points, cross(state, points), mean, variance, likely, moves)


@partial(jax.jit, donate_argnums=0)
def add(search: Search, row: jax.Array, point: jax.Array, z: jax.Array) -> Search:
    """The search with one more point pending, its value z [samples] deviations above its mean; `search` is consumed."""
    state, r = extend(search.state, row, point, z)
    covariances = search.covariances.at[row].set(matern(state.kernel, state.dimension, point[None], search.points)[0])
    gain = r @ covariances
    return search._replace(
        state=state,
        best=jnp.maximum(search.best, expect(state, point[None])[0]),
        covariances=covariances,
        mean=search.mean + gain[:, None] * z[None],
        variance=jnp.maximum(search.variance - gain**2, LEAST_VARIANCE),
    )


def optima(search: Search) -> Array:
    """Points of large expected improvement times probability to be feasible, the largest first, [starts, columns]."""
    starts, moves = jax.device_get((_starts(search), search.moves))
    points, values = ascend(_log_gain, search, starts, moves, N_STEPS)
    return points[np.argsort(-values, kind="stable")]


def _log_gain(search, points):
    return log_ei(*predict(search.state, points), search.best) + log_feasible(search.labels, points)


@jax.jit
def _starts(search):
    """The best trials, and the candidates that promise most."""
    known = log_ei(search.mean, search.variance, search.best) + search.likely
    _, top = lax.top_k(known, N_STARTS - N_INCUMBENTS)
    return jnp.concatenate([search.points[:N_INCUMBENTS], search.points[top]])
