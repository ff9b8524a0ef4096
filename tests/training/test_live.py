"""Live parameters against brute force: each is moved, and the outputs are looked at."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from capacity_jax.cells import CELLS, cell_by_name
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.training import live_parameters

N_IN, N = 3, 2
# Dead are the weights that only a query at a silent step, a gate of what is read, or a way past the state has.
DEAD = {
    "gru": 0,
    "mgu": 0,
    "esn": 0,
    "lru": N * N_IN,
    "sru": 2 * N * N_IN,
    "retnet": N * N_IN,
}
QUICK = ("mgu", "esn", "lru", "sru", "retnet")


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in CELLS if name not in QUICK)]
)
def test_live_parameters_are_those_that_change_an_output_if_moved(name):
    """Breaks if a dead parameter counts, or one that can learn does not."""
    task = per_cap(n_in=N_IN, b_max=8, n_steps=3)
    network = Network(cell_by_name(name), N_IN, N, 1)
    rng = np.random.default_rng(0)
    like = jax.eval_shape(network.init, jax.random.key(0))
    trained = {**jax.tree.map(lambda leaf: True, like), "layers": [network.cell.trained(like["layers"][0])]}
    counted, unravel = ravel_pytree(
        jax.tree.map(lambda leaf, trains: np.full(leaf.shape, float(trains), np.float32), like, trained)
    )
    xs = jnp.asarray(rng.choice([-1.0, 1.0], (1, N_IN, 16)), jnp.float32)

    @jax.jit
    def outputs(flat, moves):
        return jax.vmap(lambda move: network.apply(unravel(flat + move), xs, n_steps=3, n_reads=1))(moves)

    changes = np.zeros(counted.size, bool)
    for _ in range(8):
        moves = 0.3 * np.concatenate([np.zeros((1, counted.size)), np.eye(counted.size)]).astype(np.float32)
        moved = np.asarray(outputs(rng.standard_normal(counted.size).astype(np.float32), moves))
        changes |= np.any(moved[1:] != moved[0], axis=(1, 2, 3))
    alive = int(np.sum(changes & (np.asarray(counted) > 0)))
    assert live_parameters(network, task) == alive
    assert network.n_params - alive == DEAD.get(name, network.n_params - alive)
