"""One sequence through the pure scan, linen's nn.RNN and nnx's nnx.RNN; parameters between the three."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax import nnx
from three_forms import (
    NAMES,
    assert_trees_close,
    linen_cell,
    nnx_cell,
    pure_params,
    sequences,
    shapes,
    without_initial_state,
)

from capacity_jax.flax import linen_to_pure, nnx_to_pure, pure_to_linen, pure_to_nnx


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_three_forms_compute_the_same(name):
    """Fails if an adapter feeds, orders, casts or starts a cell in another way than the plain scan does."""
    cell, params = NAMES[name], pure_params(NAMES[name])
    in_linen = linen_cell(name, learned_initial_state=True)
    in_nnx = nnx_cell(name, params, learned_initial_state=True)

    @nnx.jit
    def all_three(in_nnx, xs):
        def scanned(xs):
            return jax.lax.scan(lambda state, x: cell.step(params, state, x), cell.initial_state(params), xs)

        variables = {"params": {"cell": pure_to_linen(in_linen, params)}}
        return (
            jax.vmap(scanned)(xs),
            nn.RNN(in_linen, return_carry=True).apply(variables, xs),
            nnx.RNN(in_nnx, return_carry=True)(xs),
        )

    pure, of_linen, of_nnx = all_three(in_nnx, sequences(3, 9))
    assert_trees_close(of_linen, pure)
    assert_trees_close(of_nnx, pure)


@pytest.mark.parametrize("learned", [True, False])
def test_round_trips_are_exact(name, learned):
    """Fails if a conversion drops, renames, casts or reorders a parameter in any of the four directions."""
    params = pure_params(NAMES[name])
    if not learned:
        params = without_initial_state(params)
    in_linen = linen_cell(name, learned_initial_state=learned)
    in_nnx = nnx_cell(name, learned_initial_state=learned)
    pure_to_nnx(in_nnx, linen_to_pure(in_linen, pure_to_linen(in_linen, params)))
    back = nnx_to_pure(in_nnx)
    assert list(back) == list(params)
    for leaf in params:
        assert back[leaf].dtype == params[leaf].dtype
        np.testing.assert_array_equal(back[leaf], params[leaf])


def test_converted_parameters_are_those_a_module_makes(name):
    """Fails if linen would initialise other names or shapes than conversion gives it."""
    cell = linen_cell(name, learned_initial_state=True)
    made = jax.eval_shape(nn.RNN(cell).init, jax.random.key(0), sequences(2, 3))
    assert shapes(made["params"]["cell"]) == shapes(pure_to_linen(cell, pure_params(NAMES[name])))


def test_bfloat16_parameters_convert_without_a_cast():
    """Fails if conversion widens or rounds what it carries."""
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), pure_params(NAMES["LSTMCell"]))
    cell = nnx_cell("LSTMCell", learned_initial_state=True, param_dtype=jnp.bfloat16)
    pure_to_nnx(cell, params)
    assert all(leaf.dtype == jnp.bfloat16 for leaf in nnx_to_pure(cell).values())


def test_an_initial_state_is_never_dropped():
    """Fails if a learned initial state vanishes in a module that has no place for it."""
    params = pure_params(NAMES["GRUCell"])
    with pytest.raises(ValueError, match=r"h0 is not zeros.*learned_initial_state=True"):
        pure_to_linen(linen_cell("GRUCell"), params)
    with pytest.raises(ValueError, match=r"h0 is not zeros.*learned_initial_state=True"):
        pure_to_nnx(nnx_cell("GRUCell"), params)
    with pytest.raises(ValueError, match=r"carry_init is .*allowed: zeros"):
        linen_to_pure(linen_cell("GRUCell", carry_init=nn.initializers.ones), {})


@pytest.mark.parametrize("name", ["GRUCell", "LSTMCell"])
def test_parameters_of_another_shape_are_refused(name):
    """Fails if weights of another cell or width enter a module."""
    with pytest.raises(ValueError, match="params have the shapes"):
        pure_to_linen(linen_cell(name), pure_params(NAMES["UGRNNCell"]))
    params = without_initial_state(pure_params(NAMES[name]))
    with pytest.raises(ValueError, match="params have the shapes"):
        linen_to_pure(linen_cell(name, features=5), pure_to_linen(linen_cell(name), params))
    with pytest.raises(ValueError, match="of 4 inputs and 4 units has"):
        pure_to_nnx(nnx_cell(name), params | {"W_x": params["W_x"][:2]})
