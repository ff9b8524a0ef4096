"""The vanilla recurrent network (Elman 1990; Collins et al. 2017).

Example:
  >>> import jax
  >>> from capacity_jax import rnn
  >>> params = rnn.init(jax.random.key(0), n_in=8, n_hidden=8, hparams={})
  >>> rnn.step(params, rnn.initial_state(params), jax.numpy.ones(8))[1].shape
  (8,)
"""

from operator import itemgetter

import jax.numpy as jnp

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.linear import linear
from capacity_jax.cells.weights import WEIGHTS, gate_hyperparameters, init_gates

GATES = ("h",)
HYPERPARAMETERS = gate_hyperparameters(GATES, "nonlinearity")


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `h0 [n_hidden]`, `W_x [n_in, n_hidden]`, `W_h [n_hidden, n_hidden]`, `b [n_hidden]`."""
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    return {"h0": jnp.zeros(n_hidden), **init_gates(key, GATES, n_in, n_hidden, hparams)}


def step(params, h, x, nonlinearity=jnp.tanh):
    """H' = s(W_h h + W_x x + b)."""
    h = nonlinearity(linear(params["W_h"], h) + linear(params["W_x"], x) + params["b"])
    return h, h


rnn = Cell("rnn", init, itemgetter("h0"), step, HYPERPARAMETERS, batch_last=True, weights=WEIGHTS, family="R")
