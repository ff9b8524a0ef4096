"""The gated recurrent unit (Cho et al. 2014, arXiv 1406.1078).

Example:
  >>> import jax, jax.numpy as jnp
  >>> from capacity_jax import gru
  >>> params = gru.init(jax.random.key(0), n_in=8, n_hidden=8, hparams={})
  >>> state, y = gru.step(params, gru.initial_state(params), jnp.ones(8))
  >>> y.shape
  (8,)
"""

from operator import itemgetter

import jax
import jax.numpy as jnp

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.gates import split_sum
from capacity_jax.cells.hyperparameters import SHARED, with_defaults
from capacity_jax.cells.linear import linear
from capacity_jax.cells.weights import WEIGHTS, gate_hyperparameters, init_gates

GATES = ("r", "u", "c")
HYPERPARAMETERS = gate_hyperparameters(GATES) | {
    name: SHARED[name] for name in ("forget_gate_bias_hack", "nonlinearity")
}


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `h0 [n]`, `W_x [n_in, 3n]`, `W_h [n, 3n]`, `b [3n]`; columns: reset r, update u, candidate c."""
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    forget = {"u": hparams["forget_gate_bias_hack"]}
    return {"h0": jnp.zeros(n_hidden), **init_gates(key, GATES, n_in, n_hidden, hparams, forget)}


def step(params, h, x, nonlinearity=jnp.tanh):
    """One step of the gated recurrent unit.

    r = σ(W_rh h + W_rx x + b_r);  u = σ(W_uh h + W_ux x + b_u + b_fg);
    c = s(W_ch (r·h) + W_cx x + b_c);  h' = u·h + (1−u)·c.

    `torch.nn.GRU` and Flax's `GRUCell` reset after the product: `gru_reset_after`.
    """
    n_hidden = h.shape[0]
    W_h, W_ch = jnp.split(params["W_h"], [2 * n_hidden], axis=1)
    x_r, x_u, x_c = split_sum(3, linear(params["W_x"], x), params["b"])
    r, u = split_sum(2, linear(W_h, h), jnp.concatenate([x_r, x_u]), f=jax.nn.sigmoid)
    c = nonlinearity(linear(W_ch, r * h) + x_c)
    h = u * h + (1 - u) * c
    return h, h


gru = Cell("gru", init, itemgetter("h0"), step, HYPERPARAMETERS, batch_last=True, weights=WEIGHTS, family="R")
