"""The six cells in their three forms with equal weights: what the tests of this folder compare."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from capacity_jax.cells import gru, intersection, irnn, lstm, rnn, ugrnn
from capacity_jax.flax import linen as our_linen
from capacity_jax.flax import nnx as our_nnx

NAMES = {
    "RNNCell": rnn,
    "IRNNCell": irnn,
    "UGRNNCell": ugrnn,
    "GRUCell": gru,
    "LSTMCell": lstm,
    "IntersectionRNNCell": intersection,
}
# Wrappers see no more of a cell than its carry and output: these have a carry of two arrays, and an output
# that is not the carry.
UNLIKE = ("LSTMCell", "IntersectionRNNCell")
N = 4


def linen_cell(name, features=N, **options):
    return getattr(our_linen, name)(features, **options)


def nnx_cell(name, n=N, seed=0, **options):
    return getattr(our_nnx, name)(n, n, rngs=nnx.Rngs(seed), **options)


def pure_params(cell, seed=0, n=N):
    """Random weights of a cell, its initial state and biases among them, so that each of them matters."""
    shapes = jax.eval_shape(lambda: cell.init(jax.random.key(0), n, n, {}))
    keys = jax.random.split(jax.random.key(seed), len(shapes))
    return {
        name: 0.5 * jax.random.normal(key, shape.shape) for (name, shape), key in zip(shapes.items(), keys, strict=True)
    }


def run(cell, params, xs, state=None):
    """The cell over one sequence `[time, n_in]`, step by step: the last state and all outputs."""
    state = cell.initial_state(params) if state is None else state
    ys = []
    for x in xs:
        state, y = cell.step(params, state, x)
        ys.append(y)
    return state, jnp.stack(ys)


def sequences(*shape, seed=7):
    return jax.random.normal(jax.random.key(seed), (*shape, N))


def shapes(tree):
    return jax.tree.map(jnp.shape, tree)


def assert_trees_close(found, expected):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)
