"""LSTM and GRU against flax.linen, under the same weights.

Flax computes the same LSTM. Its GRU is another one: it resets after the recurrent product, c = s(r·(W_ch h +
b_ch) + …), and we, as the paper, before it, c = s(W_ch (r·h) + …). They agree only where arranged: with the
inner bias b_ch at zero, and either W_ch diagonal (then r·(W h) = W (r·h), unit by unit) or r saturated at 1.
The last test shows that elsewhere they do not.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from numpy.testing import assert_allclose, assert_array_equal

from capacity_jax.cells import gru, lstm

pytestmark = pytest.mark.usefixtures("exact_products")

N_IN, N, N_STEPS = 5, 7, 6


def random_params(cell):
    """Params with no zero in them, biases and initial state included."""
    shapes = jax.eval_shape(lambda: cell.init(jax.random.key(0), N_IN, N))
    rng = np.random.default_rng(0)
    return {name: jnp.asarray(0.5 * rng.standard_normal(leaf.shape), jnp.float32) for name, leaf in shapes.items()}


def by_gate(params, gates):
    """`{gate: {"W_x", "W_h", "b"}}` out of the columns, in their documented order."""
    return {
        gate: {leaf: jnp.split(params[leaf], len(gates), axis=-1)[k] for leaf in ("W_x", "W_h", "b")}
        for k, gate in enumerate(gates)
    }


def lstm_for_flax(params):
    """A kernel per gate, the biases on the recurrent ones; g is flax's candidate and our forget gate."""
    ours = by_gate(params, ("i", "g", "c", "o"))
    theirs = {}
    for name, gate in {"i": "i", "f": "g", "g": "c", "o": "o"}.items():
        theirs[f"i{name}"] = {"kernel": ours[gate]["W_x"]}
        theirs[f"h{name}"] = {"kernel": ours[gate]["W_h"], "bias": ours[gate]["b"]}
    return {"params": theirs}


def gru_for_flax(params):
    """A kernel per gate, the biases on the inputs; the update gate is z, the candidate's inner bias zero."""
    ours = by_gate(params, ("r", "u", "c"))
    theirs = {}
    for name, gate in {"r": "r", "z": "u", "n": "c"}.items():
        theirs[f"i{name}"] = {"kernel": ours[gate]["W_x"], "bias": ours[gate]["b"]}
        theirs[f"h{name}"] = {"kernel": ours[gate]["W_h"]}
    theirs["hn"]["bias"] = jnp.zeros(N)
    return {"params": theirs}


def run(step, state):
    """Outputs of a few steps from a given state on given inputs."""
    xs = jax.random.normal(jax.random.key(1), (N_STEPS, N_IN))
    return jax.lax.scan(step, state, xs)[1]


def run_gru_and_flax(params):
    """Outputs of both GRUs; flax must have asked for exactly the weights it was given."""
    theirs = gru_for_flax(params)
    flax_cell = linen.GRUCell(N)
    needed = jax.eval_shape(flax_cell.init, jax.random.key(0), jnp.zeros(N), jnp.zeros(N_IN))
    assert jax.tree.map(jnp.shape, theirs) == jax.tree.map(jnp.shape, needed)
    return (
        run(lambda h, x: gru.step(params, h, x), params["h0"]),
        run(lambda h, x: flax_cell.apply(theirs, h, x), params["h0"]),
    )


@pytest.mark.parametrize("flax_cell", [linen.LSTMCell(N), linen.OptimizedLSTMCell(N)], ids=["plain", "fused"])
def test_lstm_is_flax_lstm(flax_cell):
    """Breaks if a gate of ours is another gate of theirs, or the state is not the pair (c, h)."""
    params = random_params(lstm)
    state = (params["c0"], params["h0"])
    ours = run(lambda state, x: lstm.step(params, state, x), state)
    theirs = run(lambda state, x: flax_cell.apply(lstm_for_flax(params), state, x), state)
    assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_gru_is_flax_gru_where_the_candidate_matrix_is_diagonal():
    """Breaks if r, u and c are exchanged or u weighs the wrong term; the reset gate is at work."""
    params = random_params(gru)
    diagonal = jnp.diag(jnp.diag(params["W_h"][:, 2 * N :]))
    params["W_h"] = params["W_h"].at[:, 2 * N :].set(diagonal)
    assert_allclose(*run_gru_and_flax(params), rtol=1e-5, atol=1e-6)


def test_gru_is_flax_gru_where_nothing_is_reset():
    """Breaks if the full candidate matrix is transposed or misplaced; the reset gate is held at 1."""
    params = random_params(gru)
    params["b"] = params["b"].at[:N].set(100.0)
    assert_array_equal(jax.nn.sigmoid(params["b"][:N] - 50), 1)
    assert_allclose(*run_gru_and_flax(params), rtol=1e-5, atol=1e-6)


def test_gru_resets_before_the_product_and_so_differs_from_flax_in_general():
    """Breaks if our GRU becomes flax's: the paper's candidate is s(W_ch (r·h) + …)."""
    ours, theirs = run_gru_and_flax(random_params(gru))
    assert np.max(np.abs(ours - theirs)) > 0.01
