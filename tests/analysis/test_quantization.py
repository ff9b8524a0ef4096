"""Quantization against numpy in float64, and what any number of bits must leave."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from random_params import random_params

from capacity_jax import Network, lstm
from capacity_jax.analysis import quantize, quantize_params


@pytest.fixture
def weights():
    return jax.random.normal(jax.random.key(0), (40, 30))


def nearest_centres(values, bits, share):
    """Each value's nearest of the centres of 2^bits equal cells within a share of the range, in float64."""
    values = np.asarray(values, float)
    middle, half = (values.min() + values.max()) / 2, share * (values.max() - values.min()) / 2
    edges = np.linspace(middle - half, middle + half, 2**bits + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    return centres[np.abs(values[..., None] - centres).argmin(-1)]


@pytest.mark.parametrize("bits", [1, 2, 3, 6])
def test_takes_the_best_range_of_equal_cells(weights, bits):
    """Breaks if cells are not equal, values not in their middle, or another range leaves a smaller error."""
    candidates = [nearest_centres(weights, bits, share) for share in np.linspace(0.1, 1, 19)]
    best = min(candidates, key=lambda found: np.sum((found - np.asarray(weights, float)) ** 2))
    found = np.asarray(quantize(weights, bits))
    assert len(np.unique(found)) <= 2**bits
    assert np.mean(np.abs(found - best) > 1e-5) < 0.002


def test_error_falls_with_every_bit(weights):
    """Breaks if some number of bits serves worse than fewer do; all numbers are variants of one program."""
    errors = jax.jit(jax.vmap(lambda bits: jnp.mean((quantize(weights, bits) - weights) ** 2)))(jnp.arange(1, 17))
    assert np.all(np.diff(errors) < 0)
    assert errors[-1] < 1e-8


@pytest.mark.parametrize("values", [0.0, 3.0, -1e-30])
def test_equal_values_stay(values):
    """Breaks if a tensor of equal values, such as zero biases, is moved or becomes NaN."""
    np.testing.assert_array_equal(quantize(jnp.full(5, values), 2), np.full(5, values, np.float32))


def test_each_row_has_a_range_of_its_own(weights):
    """Breaks if a unit with small weights is rounded by the range of one with large weights."""
    W = np.asarray(weights)[:, :6] * np.float32(10.0) ** np.arange(-3, 3)
    per_tensor, per_row = jax.jit(lambda W: [quantize_params(W, 4, per_row=per_row) for per_row in (False, True)])(W)
    assert np.std(per_tensor - W, axis=0)[0] > 0.5 * np.std(W, axis=0)[0]
    assert np.all(np.std(per_row - W, axis=0) < 0.2 * np.std(W, axis=0))


def test_all_parameters_are_quantized_and_keep_their_shapes():
    """Breaks if a tensor is left out, or vectors are rounded by ranges of one value, which rounds nothing."""
    params = random_params(Network(lstm, 4, 5, 1).init)
    both = jax.jit(lambda params: [quantize_params(params, 1, per_row=per_row) for per_row in (False, True)])(params)
    for changed in both:
        jax.tree.map(lambda old, new: np.testing.assert_equal(new.shape, old.shape), params, changed)
        sizes = jax.tree.map(lambda old, new: np.any(old != np.asarray(new)) or old.size == 1, params, changed)
        assert all(jax.tree.leaves(sizes))
        assert len(np.unique(changed["layers"][0]["b"])) == 2
