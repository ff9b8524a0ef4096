"""The one product that all cells share, against float64 numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from capacity_jax.cells.linear import NARROW, linear, rows_times_columns


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


def test_constant_silence_costs_nothing():
    """Breaks if zeros after the end of the input are multiplied, step after step."""
    jaxpr = jax.make_jaxpr(lambda W: linear(W, np.zeros((3, 1))))(jnp.ones((3, 5)))
    assert not jaxpr.eqns
