"""LSTM and GRU against flax.linen, under the same weights.

Flax computes the same LSTM and the same `gru_reset_after`. The paper's `gru` is another: it resets before the
recurrent product, as the last test shows.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from numpy.testing import assert_allclose

from capacity_jax.cells import gru, gru_reset_after, lstm

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
    """A kernel per gate, the biases on the inputs but for the candidate's inner one; the update gate is z."""
    ours = by_gate(params, ("r", "u", "c"))
    theirs = {}
    for name, gate in {"r": "r", "z": "u", "n": "c"}.items():
        theirs[f"i{name}"] = {"kernel": ours[gate]["W_x"], "bias": ours[gate]["b"]}
        theirs[f"h{name}"] = {"kernel": ours[gate]["W_h"]}
    theirs["hn"]["bias"] = params["b_h"]
    return {"params": theirs}


def run(step, state):
    """Outputs of a few steps from a given state on given inputs."""
    xs = jax.random.normal(jax.random.key(1), (N_STEPS, N_IN))
    return jax.lax.scan(step, state, xs)[1]


def run_gru_and_flax(cell, params):
    """Outputs of both GRUs; flax must have asked for exactly the weights it was given."""
    theirs = gru_for_flax(params)
    flax_cell = linen.GRUCell(N)
    needed = jax.eval_shape(flax_cell.init, jax.random.key(0), jnp.zeros(N), jnp.zeros(N_IN))
    assert jax.tree.map(jnp.shape, theirs) == jax.tree.map(jnp.shape, needed)
    return (
        run(lambda h, x: cell.step(params, h, x), params["h0"]),
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


def test_gru_reset_after_is_flax_gru():
    """Breaks if r, u and c are exchanged, u weighs the wrong term, or the inner bias is not inside the reset."""
    params = random_params(gru_reset_after)
    assert_allclose(*run_gru_and_flax(gru_reset_after, params), rtol=1e-5, atol=1e-6)


def test_gru_resets_before_the_product_and_so_differs_from_flax():
    """Breaks if our GRU becomes flax's: the paper's candidate is s(W_ch (r·h) + …)."""
    ours, theirs = run_gru_and_flax(gru, random_params(gru) | {"b_h": jnp.zeros(N)})
    assert np.max(np.abs(ours - theirs)) > 0.01
