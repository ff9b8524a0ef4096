"""The six cells in their three forms with equal weights: what the tests of this folder compare."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from capacity_jax.cells import gru, intersection, irnn, lstm, rnn, ugrnn
from capacity_jax.flax import linen as our_linen
from capacity_jax.flax import nnx as our_nnx
from capacity_jax.flax import pure_to_nnx
from capacity_jax.flax.adapter import abstract_parameters

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


def nnx_cell(name, params=None, **options):
    """A cell whose own draw is left out, for it takes long to compile; of shapes alone where no params are given."""
    cell = nnx.eval_shape(lambda: getattr(our_nnx, name)(N, N, rngs=nnx.Rngs(0), **options))
    if params is not None:
        pure_to_nnx(cell, params)
    return cell


def pure_params(cell, seed=0):
    """Random weights of a cell, its initial state and biases among them, so that each of them matters."""
    rng = np.random.default_rng(seed)
    like = abstract_parameters(cell, N, N)
    return jax.tree.map(lambda leaf: jnp.asarray(0.5 * rng.normal(size=leaf.shape), leaf.dtype), like)


def without_initial_state(params):
    """The same weights with an initial state of zeros."""
    return params | {name: jnp.zeros(N) for name in ("c0", "h0") if name in params}


step = jax.jit(lambda cell, *given: cell.step(*given), static_argnums=0)


def run(cell, params, xs, state=None):
    """The cell over one sequence `[time, n_in]`, step by step: the last state and all outputs."""
    state = cell.initial_state(params) if state is None else state
    ys = []
    for x in xs:
        state, y = step(cell, params, state, x)
        ys.append(y)
    return state, np.stack(ys)


def sequences(*shape, seed=7):
    return np.random.default_rng(seed).normal(size=(*shape, N)).astype(np.float32)


def row(tree, i):
    return jax.tree.map(lambda leaf: np.asarray(leaf)[i], tree)


def shapes(tree):
    return jax.tree.map(jnp.shape, tree)


def assert_trees_close(found, expected):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)
