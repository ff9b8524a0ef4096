"""The one product that all cells share, against float64 numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells.linear import NARROW, linear, rows_times_columns, split_sum


@pytest.fixture(params=[False, True], ids=["plain", "rows times columns"])
def form(request):
    """The form in which products of batches are compiled."""
    with rows_times_columns(request.param):
        yield


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("batch", [(), (64,)])
@pytest.mark.parametrize("n_in", [1, NARROW, NARROW + 1])
def test_values_and_derivatives_are_those_of_a_product(n_in, batch):
    """Breaks if a layer, narrow or wide, on one example or on a batch, gets a transposed or partial gradient."""
    rng = np.random.default_rng(0)
    shapes = (n_in, 5), (n_in, *batch), (5, *batch)
    W, x, cotangent = (rng.normal(size=shape) for shape in shapes)
    dW, dx = rng.normal(size=W.shape), rng.normal(size=x.shape)

    single = [jnp.asarray(array, jnp.float32) for array in (W, x)]
    close = {"rtol": 1e-4, "atol": 1e-4}
    y, tangent = jax.jit(lambda *args: jax.jvp(linear, *args))(single, [jnp.float32(dW), jnp.float32(dx)])
    np.testing.assert_allclose(y, W.T @ x, **close)
    np.testing.assert_allclose(tangent, dW.T @ x + W.T @ dx, **close)

    by_W, by_x = jax.jit(lambda *args: jax.vjp(linear, *args)[1](jnp.float32(cotangent)))(*single)
    np.testing.assert_allclose(by_W, x.reshape(n_in, -1) @ cotangent.reshape(5, -1).T, **close)
    np.testing.assert_allclose(by_x, W @ cotangent, **close)


@pytest.mark.usefixtures("form")
def test_gates_are_the_parts_of_a_sum():
    """Breaks if a gate is another one's, a term is left out, or a bias of one column gets a batch's gradient."""
    rng = np.random.default_rng(1)
    terms = [rng.normal(size=shape).astype(np.float32) for shape in ((6, 7), (6, 1), (6, 7))]
    total = sum(terms)
    parts = jax.jit(lambda *terms: split_sum(3, *terms, f=jnp.tanh))(*terms)
    np.testing.assert_allclose(np.concatenate(parts), np.tanh(total), rtol=1e-6)

    def weighted(bias):
        return sum(k * jnp.sum(part) for k, part in enumerate(split_sum(3, terms[0], bias, terms[2])))

    expected = np.repeat([[0.0], [7.0], [14.0]], 2, axis=0)
    np.testing.assert_allclose(jax.jit(jax.grad(weighted))(terms[1]), expected)


def test_silence_of_a_kernel_is_part_of_every_gate():
    """Breaks if gates on the lanes of a TPU, where silence is one zero, cannot be split."""
    parts = split_sum(2, jnp.arange(4.0), np.zeros(()))
    assert [part.tolist() for part in parts] == [[0.0, 1.0], [2.0, 3.0]]


def test_constant_silence_costs_nothing():
    """Breaks if zeros after the end of the input are multiplied, step after step."""
    jaxpr = jax.make_jaxpr(lambda W: linear(W, np.zeros((3, 1))))(jnp.ones((3, 5)))
    assert not jaxpr.eqns
