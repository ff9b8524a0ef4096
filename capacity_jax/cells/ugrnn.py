"""The update gate network: one gate, the least that gating needs (Collins et al. 2017).

Example:
  >>> import jax
  >>> from capacity_jax import ugrnn
  >>> params = ugrnn.init(jax.random.key(0), n_in=8, n_hidden=8, hparams={})
  >>> ugrnn.step(params, ugrnn.initial_state(params), jax.numpy.ones(8))[1].shape
  (8,)
"""

from operator import itemgetter

import jax
import jax.numpy as jnp

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.gates import split_sum
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.linear import linear
from capacity_jax.cells.weights import WEIGHTS, gate_hyperparameters, init_gates

GATES = ("c", "g")
HYPERPARAMETERS = gate_hyperparameters(GATES, "forget_gate_bias_hack", "nonlinearity")


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `h0 [n]`, `W_x [n_in, 2n]`, `W_h [n, 2n]`, `b [2n]`; columns: candidate c, update gate g."""
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    forget = {"g": hparams["forget_gate_bias_hack"]}
    return {"h0": jnp.zeros(n_hidden), **init_gates(key, GATES, n_in, n_hidden, hparams, forget)}


def step(params, h, x, nonlinearity=jnp.tanh):
    """One step of the update gate network.

    c = s(W_ch h + W_cx x + b_c);  g = σ(W_gh h + W_gx x + b_g + b_fg);  h' = g·h + (1−g)·c.
    """
    c, g = split_sum(2, linear(params["W_h"], h), linear(params["W_x"], x), params["b"])
    g = jax.nn.sigmoid(g)
    h = g * h + (1 - g) * nonlinearity(c)
    return h, h


ugrnn = Cell("ugrnn", init, itemgetter("h0"), step, HYPERPARAMETERS, batch_last=True, weights=WEIGHTS, family="R")
