"""The modern cells as linen and nnx modules: they differ from the paper's in nested parameters and trees of states."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax import nnx
from three_forms import assert_trees_close

from capacity_jax.cells import CELLS, cell_by_name
from capacity_jax.flax import linen_cell, linen_to_pure, nnx_cell, nnx_to_pure, pure_to_linen, pure_to_nnx

N_IN, N = 3, 4
MODERN = [*list(CELLS)[7:], "deltanet(heads=2)", "block(mlstm(heads=2))"]
# One of each kind: of many gates, complex, frozen, a tree of matrices, a learned matrix, nested.
QUICK = ("mgu", "lru", "esn", "ttt", "block(mlstm(heads=2))")


def three_forms(name):
    """The cell, random parameters, and both its modules with these."""
    cell = cell_by_name(name)
    n_in = N if cell.square else N_IN
    rng = np.random.default_rng(0)
    like = jax.eval_shape(lambda: cell.init(jax.random.key(0), n_in, N, {}))
    params = jax.tree.map(lambda leaf: jnp.asarray(0.5 * rng.normal(size=leaf.shape), leaf.dtype), like)
    in_linen = linen_cell(cell)(N, learned_initial_state=True)
    in_nnx = nnx.eval_shape(lambda: nnx_cell(cell)(n_in, N, rngs=nnx.Rngs(0), learned_initial_state=True))
    return cell, params, in_linen, in_nnx


@pytest.mark.parametrize("name", MODERN)
def test_round_trips_are_exact(name):
    """Fails if a conversion drops, renames, casts, reorders or flattens a parameter in any of the four directions."""
    _, params, in_linen, in_nnx = three_forms(name)
    pure_to_nnx(in_nnx, linen_to_pure(in_linen, pure_to_linen(in_linen, params)))
    jax.tree.map(np.testing.assert_array_equal, nnx_to_pure(in_nnx), params)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MODERN]
)
def test_three_forms_compute_the_same(name):
    """Fails if a parameter, an initial state or a state of another kind is fed, cast or started in another way."""
    cell, params, in_linen, in_nnx = three_forms(name)
    pure_to_nnx(in_nnx, params)
    xs = jnp.asarray(np.random.default_rng(1).normal(size=(2, 3, N if cell.square else N_IN)), jnp.float32)

    @nnx.jit
    def all_three(in_nnx, xs):
        def scanned(xs):
            return jax.lax.scan(lambda state, x: cell.step(params, state, x), cell.initial_state(params), xs)

        variables = {"params": {"cell": pure_to_linen(in_linen, params)}}
        of_linen = nn.RNN(in_linen, return_carry=True).apply(variables, xs)
        return jax.vmap(scanned)(xs), of_linen, nnx.RNN(in_nnx, return_carry=True)(xs)

    expected, of_linen, of_nnx = all_three(in_nnx, xs)
    assert_trees_close(of_linen, expected)
    assert_trees_close(of_nnx, expected)


def test_what_is_frozen_gets_no_gradient_in_a_module():
    """Fails if whoever trains an echo state network in Flax trains its reservoir."""
    _, params, in_linen, _ = three_forms("esn")
    variables = {"params": {"cell": pure_to_linen(in_linen, params)}}
    gradients = jax.jit(jax.grad(lambda v: jnp.sum(nn.RNN(in_linen).apply(v, jnp.ones((1, 2, N_IN))))))(variables)
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradients))
