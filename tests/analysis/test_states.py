"""Networks whose states are changed before they are handed on."""

import jax
import jax.numpy as jnp
import pytest

from capacity_jax import Network
from capacity_jax.analysis import change_states
from capacity_jax.cells import cell_by_name


@pytest.mark.parametrize("cell", ["rnn", "mlstm", "minlstm"])
@pytest.mark.parametrize("n_steps", [5, 20])
def test_states_change_in_every_form_of_a_cell(cell, n_steps):
    """Breaks if a form over several steps, short or parallel, goes round the change."""
    network = Network(cell_by_name(cell), 3, 4, 2)
    silent = change_states(network, jax.random.key(0), lambda values, key: 0 * values)
    assert not silent.apply(network.init(jax.random.key(1)), jnp.ones((1, 3, 8)), n_steps=n_steps).any()
