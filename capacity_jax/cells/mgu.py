"""The minimal gated unit: one gate, which forgets and writes (Zhou et al. 2016, arXiv 1603.09420).

Example:
  >>> from capacity_jax.cells import mgu
  >>> mgu.state_size(n_hidden=8)
  8
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.gates import split_sum
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.linear import linear
from capacity_jax.cells.weights import WEIGHTS, gate_hyperparameters, init_gates

GATES = ("f", "c")
HYPERPARAMETERS = gate_hyperparameters(GATES, "forget_gate_bias_hack")


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `W_x [n_in, 2n]`, `W_h [n, 2n]`, `b [2n]`; columns: gate f, candidate c.

    `forget_gate_bias_hack` makes the cell keep its state, and so is subtracted from the gate's bias.
    """
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    return init_gates(key, GATES, n_in, n_hidden, hparams, {"f": -hparams["forget_gate_bias_hack"]})


def step(params, h, x):
    """One step of the minimal gated unit.

    f = σ(W_f x + U_f h + b_f);  c = tanh(W_c x + U_c (f⊙h) + b_c);  h' = (1−f)⊙h + f⊙c.
    """
    U_f, U_c = jnp.split(params["W_h"], 2, axis=1)
    x_f, x_c = split_sum(2, linear(params["W_x"], x), params["b"])
    f = jax.nn.sigmoid(x_f + linear(U_f, h))
    c = jnp.tanh(x_c + linear(U_c, f * h))
    h = (1 - f) * h + f * c
    return h, h


def initial_state(params):
    """Zeros."""
    return jnp.zeros_like(jnp.split(params["b"], 2)[0])


mgu = Cell("mgu", init, initial_state, step, HYPERPARAMETERS, batch_last=True, weights=WEIGHTS, family="R")
