"""Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate of Gers et al. 2000).

Example:
  >>> import jax
  >>> from capacity_jax import lstm
  >>> params = lstm.init(jax.random.key(0), n_in=8, n_hidden=8, hparams={})
  >>> lstm.step(params, lstm.initial_state(params), jax.numpy.ones(8))[1].shape
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

GATES = ("i", "g", "c", "o")
HYPERPARAMETERS = gate_hyperparameters(GATES, "forget_gate_bias_hack", "nonlinearity")


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `c0 [n]`, `h0 [n]`, `W_x [n_in, 4n]`, `W_h [n, 4n]`, `b [4n]`.

    Columns: input gate i, forget gate f (named g, as in the authors' data), candidate c, output gate o.
    """
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    forget = {"g": hparams["forget_gate_bias_hack"]}
    state = {"c0": jnp.zeros(n_hidden), "h0": jnp.zeros(n_hidden)}
    return state | init_gates(key, GATES, n_in, n_hidden, hparams, forget)


def step(params, state, x, nonlinearity=jnp.tanh):
    """One step of long short-term memory; the state is the pair (c, h).

    i, o = σ(W_h h + W_x x + b);  f = σ(W_fh h + W_fx x + b_f + b_fg);  c_in = s(W_ch h + W_cx x + b_c);
    c' = f·c + i·c_in;  h' = o·tanh(c').

    `flax.linen.LSTMCell` computes the same from a matrix per gate and the bias on the recurrent one;
    `torch.nn.LSTM` orders its rows i, f, g, o (g the candidate) and keeps two biases per gate.
    """
    c, h = state
    i, f, c_in, o = split_sum(4, linear(params["W_h"], h), linear(params["W_x"], x), params["b"])
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * nonlinearity(c_in)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (c, h), h


lstm = Cell("lstm", init, itemgetter("c0", "h0"), step, HYPERPARAMETERS, batch_last=True, weights=WEIGHTS, family="R")
