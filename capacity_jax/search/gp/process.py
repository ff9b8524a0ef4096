"""A Gaussian process with a Matérn 5/2 kernel: its likelihood, its fit, and its state as points are added one by one.

Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapters 2, 4 and 5.

Call under `jax.enable_x64(True)`: 32 bits are too few. Rows beyond the number of observations are padding, which is
uncorrelated with everything and changes nothing. There is no LAPACK: the factorisation is made of matrix products, and
shares XLA's threads with whatever trains in the same process.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from jax import lax

# The smallest variance of the noise, where the values have variance 1.
LEAST_NOISE = 1e-6

# Variances are differences of numbers of order 1; below this they are rounding.
LEAST_VARIANCE = 1e-12

# Matrices of at most so many rows are factored column by column.
LEAF = 64


class Kernel(NamedTuple):
    """What the likelihood chooses.

    Attributes:
      weights: inverse squared length scale of each dimension, [dimensions].
      signal: variance of the function.
      noise: variance of the noise.
    """

    weights: jax.Array
    signal: jax.Array
    noise: jax.Array


class Data(NamedTuple):
    """Points and what was observed there.

    Attributes:
      x: the points, [rows, columns].
      y: the values, [rows].
      mask: 1.0 where a row is an observation, 0.0 where it is padding, [rows].
      dimension: which weight belongs to each column, [columns].
    """

    x: jax.Array
    y: jax.Array
    mask: jax.Array
    dimension: jax.Array


class State(NamedTuple):
    """A process given its observations: enough to predict, and to take in one more.

    Attributes:
      kernel: the hyperparameters.
      x: the points, [rows, columns].
      mask: 1.0 where a row is an observation, [rows].
      dimension: which weight belongs to each column, [columns].
      precision: inverse covariance of the observations, [rows, rows].
      alpha: precision times the observed values, for each sample of the values still pending, [rows, samples].
    """

    kernel: Kernel
    x: jax.Array
    mask: jax.Array
    dimension: jax.Array
    precision: jax.Array
    alpha: jax.Array


def matern(kernel: Kernel, dimension: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
    """Covariances of points a [n, columns] with points b [m, columns], [n, m] (equation 4.17)."""
    root = jnp.sqrt(kernel.weights)[dimension][None]
    a, b = a * root, b * root
    squared = jnp.sum(a * a, axis=1)[:, None] + jnp.sum(b * b, axis=1)[None] - 2 * a @ b.T
    # The addend gives the root a gradient at 0; it changes the covariance by less than 1e-14.
    r = jnp.sqrt(5 * jnp.maximum(squared, 0.0) + 1e-14)
    return kernel.signal * (1 + r + r * r / 3) * jnp.exp(-r)


def covariance(kernel: Kernel, data: Data) -> jax.Array:
    """Covariance of the observations, noise included, [rows, rows]; that of padding is the identity."""
    observed = data.mask[:, None] * data.mask[None]
    diagonal = jnp.where(data.mask > 0, kernel.noise, 1.0)
    return observed * matern(kernel, data.dimension, data.x, data.x) + jnp.diag(diagonal)


def inverse_cholesky(k: jax.Array) -> jax.Array:
    """The inverse of the lower Cholesky factor of k, by halves.

    With k = [[a, b'], [b, c]] and R(k) the result, L = b R(a)' gives R(k) = [[R(a), 0], [-R(s) L R(a), R(s)]], where
    s = c - L L'.
    """
    n = len(k)
    if n <= LEAF:
        return _eliminate(k)
    half = n // 2
    top = inverse_cholesky(k[:half, :half])
    side = k[half:, :half] @ top.T
    low = inverse_cholesky(k[half:, half:] - side @ side.T)
    return jnp.block([[top, jnp.zeros((half, n - half), k.dtype)], [-low @ (side @ top), low]])


def gram(r: jax.Array) -> jax.Array:
    """The product r' r for lower triangular r, by halves that pass over what is 0."""
    n = len(r)
    if n <= LEAF:
        return r.T @ r
    half = n // 2
    side, low = r[half:, :half], r[half:, half:]
    corner = low.T @ side
    return jnp.block([[gram(r[:half, :half]) + side.T @ side, corner.T], [corner, gram(low)]])


@jax.jit
def _eliminate(k):
    """Gauss's elimination of [k, 1] with rows scaled by the roots of the pivots: the identity becomes the result."""
    n = len(k)

    def column(j, both):
        rest, inverse = both
        pivot = lax.rsqrt(rest[j, j])
        row, done = rest[j] * pivot, (inverse[j] * pivot)[None]
        below = jnp.where(jnp.arange(n) > j, row, 0.0)[:, None]
        return rest - below * row[None], (inverse - below * done).at[j].set(done[0])

    return lax.fori_loop(0, n, column, (k, jnp.eye(n, dtype=k.dtype)))[1]


@jax.custom_vjp
def log_likelihood(k: jax.Array, y: jax.Array) -> jax.Array:
    """Logarithm of the density of y under a normal distribution with covariance k, without its constant (2.30)."""
    return _forward(k, y)[0]


def _forward(k, y):
    factor = inverse_cholesky(k)
    white = factor @ y
    return jnp.sum(jnp.log(jnp.diagonal(factor))) - white @ white / 2, (factor, white)


def _backward(residuals, g):
    # Equation 5.9; cheaper than differentiating through the factorisation.
    factor, white = residuals
    alpha = factor.T @ white
    return g / 2 * (alpha[:, None] * alpha[None] - gram(factor)), -g * alpha


log_likelihood.defvjp(_forward, _backward)


def log_prior(kernel: Kernel) -> jax.Array:
    """Weak beliefs: lengths of the order of the cube's side, a signal of the order of the values, little noise."""
    return (
        -0.1 * jnp.sum(1 / kernel.weights + kernel.weights)
        + jnp.log(kernel.signal)
        - kernel.signal
        + 0.1 * jnp.log(kernel.noise)
        - 30 * kernel.noise
    )


def fit(data: Data) -> Kernel:
    """The kernel of largest posterior density given the data, by L-BFGS from lengths of 1."""
    start = np.zeros(int(np.max(data.dimension)) + 3)
    start[-1] = np.log(0.01)
    options = {"maxiter": 100, "ftol": 1e-6, "gtol": 1e-2}
    bounds = [(-12.0, 12.0)] * len(start)

    def loss_and_gradient(logarithms):
        return jax.device_get(_compiled_loss(logarithms, data))

    found = scipy.optimize.minimize(
        loss_and_gradient, start, method="L-BFGS-B", jac=True, bounds=bounds, options=options
    )
    return jax.tree.map(np.asarray, _kernel(found.x))


def _kernel(logarithms):
    return Kernel(jnp.exp(logarithms[:-2]), jnp.exp(logarithms[-2]), LEAST_NOISE + jnp.exp(logarithms[-1]))


@jax.jit
def _compiled_loss(logarithms, data):
    def loss(logarithms):
        kernel = _kernel(logarithms)
        return -log_likelihood(covariance(kernel, data), data.y) - log_prior(kernel)

    value, gradient = jax.value_and_grad(loss)(logarithms)
    # Where rounding makes the covariance indefinite the line search must turn back.
    return jnp.nan_to_num(value, nan=1e12), jnp.nan_to_num(gradient)


def condition(kernel: Kernel, data: Data, n_samples: int) -> State:
    """The process given the data, the same under each of n_samples samples of what is pending."""
    factor = inverse_cholesky(covariance(kernel, data))
    precision = gram(factor)
    alpha = jnp.repeat((precision @ data.y)[:, None], n_samples, axis=1)
    return State(kernel, data.x, data.mask, data.dimension, precision, alpha)


def cross(state: State, points: jax.Array) -> jax.Array:
    """Covariances of the observations with points, [rows, points]; 0 for padding."""
    return matern(state.kernel, state.dimension, state.x, points) * state.mask[:, None]


def expect(state: State, points: jax.Array) -> jax.Array:
    """Means of the function at points under each sample, [points, samples] (2.25)."""
    return cross(state, points).T @ state.alpha


def predict(state: State, points: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Means [points, samples] and variance [points] of the function at points (2.25 and 2.26)."""
    k = cross(state, points)
    # The gradient of k' P k is 2 k' P: one product with P serves both.
    weighted = lax.stop_gradient(state.precision @ k)
    explained = jnp.sum(k * weighted, axis=0)
    explained = 2 * explained - lax.stop_gradient(explained)
    return k.T @ state.alpha, jnp.maximum(state.kernel.signal - explained, LEAST_VARIANCE)


def extend(state: State, row: jax.Array, point: jax.Array, z: jax.Array) -> tuple[State, jax.Array]:
    """Takes in one observation without factoring anew.

    The inverse Cholesky factor gains the row r = [-k' P, 1] / s, where s² is the variance of the observation, so that
    the precision P = R' R gains r r' and an observation z deviations above its mean adds r z to alpha.

    Args:
      state: the process so far.
      row: a row of padding, which becomes the observation's.
      point: where it is made, [columns].
      z: how many standard deviations above its mean it is under each sample, [samples].

    Returns:
      The process after it, and r, [rows].
    """
    k = cross(state, point[None])[:, 0]
    weighted = state.precision @ k
    variance = jnp.maximum(state.kernel.signal - k @ weighted, LEAST_VARIANCE) + state.kernel.noise
    r = (-weighted).at[row].set(1.0) / jnp.sqrt(variance)
    return state._replace(
        x=state.x.at[row].set(point),
        mask=state.mask.at[row].set(1.0),
        precision=state.precision.at[row, row].set(0.0) + r[:, None] * r[None],
        alpha=state.alpha + r[:, None] * z[None],
    ), r
