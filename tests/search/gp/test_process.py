"""The Gaussian process against dense 64-bit NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.search.gp import process
from capacity_jax.search.gp.process import Data, Kernel, covariance, fit, gram, inverse_cholesky, log_likelihood

pytestmark = pytest.mark.usefixtures("double")

# As many dimensions and columns as the space of test_propose has, so that one program fits both.
DIMENSION = np.array([0, 1, 2, 3, 4, 4, 4], np.int32)
KERNEL = Kernel(np.array([4.0, 0.3, 1.5, 1.0, 0.7]), np.float64(1.7), np.float64(1e-3))

condition = jax.jit(process.condition, static_argnums=2)
extend = jax.jit(process.extend)
predict = jax.jit(process.predict)


def observations(n, size, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(size=(n, len(DIMENSION)))
    y = np.sin(4 * x[:, 0]) + x[:, 1]
    pad = size - n
    return Data(
        *map(jnp.asarray, (np.pad(x, ((0, pad), (0, 0))), np.pad(y, (0, pad)), np.pad(np.ones(n), (0, pad)), DIMENSION))
    )


def reference_kernel(a, b):
    difference = (np.asarray(a)[:, None] - np.asarray(b)) * np.sqrt(KERNEL.weights)[DIMENSION]
    d = np.sqrt((difference**2).sum(-1))
    return KERNEL.signal * (1 + np.sqrt(5) * d + 5 * d**2 / 3) * np.exp(-np.sqrt(5) * d)


def reference_posterior(x, y, points):
    k = reference_kernel(x, x) + KERNEL.noise * np.eye(len(x))
    cross = reference_kernel(x, points)
    solved = np.linalg.solve(k, cross)
    return solved.T @ np.asarray(y), KERNEL.signal - (cross * solved).sum(0)


@pytest.mark.parametrize("n", [5, 130])
def test_factor_inverts_the_covariance(n):
    """Breaks if a block of the recursion or a column of its leaves is wrong."""
    x = np.random.default_rng(n).uniform(size=(n, len(DIMENSION)))
    k = reference_kernel(x, x) + KERNEL.noise * np.eye(n)
    factor = jax.jit(inverse_cholesky)(k)
    np.testing.assert_allclose(factor, np.linalg.inv(np.linalg.cholesky(k)), atol=1e-9)
    np.testing.assert_allclose(jax.jit(gram)(factor), np.linalg.inv(k), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("size", [40, 80])
def test_posterior_is_the_reference_whatever_the_padding(size):
    """Breaks if mean or variance is wrong, or if padding leaks into them."""
    data = observations(40, size)
    points = np.random.default_rng(1).uniform(size=(7, len(DIMENSION)))
    mean, variance = predict(condition(KERNEL, data, 2), points)
    expected_mean, expected_variance = reference_posterior(data.x[:40], data.y[:40], points)
    np.testing.assert_allclose(mean, np.repeat(expected_mean[:, None], 2, 1), rtol=1e-9)
    np.testing.assert_allclose(variance, expected_variance, rtol=1e-8)


def test_variance_has_the_gradient_of_the_variance():
    """Breaks if the shortcut through the symmetry of the precision is wrong."""
    state = condition(KERNEL, observations(40, 80), 2)
    point, step = jnp.full((1, len(DIMENSION)), 0.4), 1e-6
    gradient = jax.grad(lambda x: predict(state, x)[1][0])(point)[0]
    for column in range(len(DIMENSION)):
        ends = [predict(state, point.at[0, column].add(sign * step))[1][0] for sign in (1, -1)]
        np.testing.assert_allclose(gradient[column], (ends[0] - ends[1]) / (2 * step), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("size", [40, 80])
def test_likelihood_and_gradient_are_the_references(size):
    """Breaks if the likelihood or its hand-written gradient is wrong, or if padding adds to it."""
    data = observations(40, size)

    @jax.jit
    def loss(logarithms):
        kernel = Kernel(*map(jnp.exp, logarithms))
        return log_likelihood(covariance(kernel, data), data.y)

    logarithms = jax.tree.map(lambda v: jnp.log(jnp.asarray(v)), tuple(KERNEL))
    value, gradient = jax.value_and_grad(loss)(logarithms)
    k = reference_kernel(data.x[:40], data.x[:40]) + KERNEL.noise * np.eye(40)
    y = np.asarray(data.y[:40])
    expected = -y @ np.linalg.solve(k, y) / 2 - np.linalg.slogdet(k)[1] / 2
    np.testing.assert_allclose(value, expected, rtol=1e-9)
    step = 1e-5
    for part, slope in enumerate(jax.tree.leaves(gradient)):
        for at in np.ndindex(slope.shape):
            ends = []
            for sign in (1, -1):
                moved = list(logarithms)
                moved[part] = moved[part].at[at].add(sign * step)
                ends.append(loss(tuple(moved)))
            np.testing.assert_allclose(slope[at], (ends[0] - ends[1]) / (2 * step), rtol=1e-5, atol=1e-6)


def test_extended_process_is_the_one_conditioned_anew():
    """Breaks if the row added to the inverse factor is wrong, or the value it stands for."""
    points = np.random.default_rng(1).uniform(size=(7, len(DIMENSION)))
    new = np.random.default_rng(2).uniform(size=(3, len(DIMENSION)))
    z = np.array([[0.0, 2.0], [-1.0, 0.5], [1.0, 1.0]])
    data = observations(40, 80)
    state = condition(KERNEL, data, 2)
    x, y = np.asarray(data.x[:40]), np.repeat(np.asarray(data.y[:40])[:, None], 2, 1)
    for row, point in enumerate(new):
        mean, variance = reference_posterior(x, y, point[None])
        x, y = np.vstack([x, point]), np.vstack([y, mean + np.sqrt(variance + KERNEL.noise) * z[row]])
        state, _ = extend(state, 40 + row, point, z[row])
    mean, variance = predict(state, points)
    expected_mean, expected_variance = reference_posterior(x, y, points)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(variance, expected_variance, rtol=1e-7)


def test_fit_finds_the_dimensions_that_matter():
    """Breaks if the fit does not climb: the last dimension has no effect, and there is no noise."""
    kernel = fit(observations(60, 64))
    assert kernel.weights[0] > 10 * kernel.weights[-1]
    assert kernel.noise < 1e-3
