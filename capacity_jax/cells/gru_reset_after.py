"""The gated recurrent unit that resets after the recurrent product, as cuDNN, `torch.nn.GRU` and Flax have it.

The reset is arXiv 1406.1078v1's; the paper of Collins et al. and our `gru` reset before the product, as its v3.

Example:
  >>> import jax, jax.numpy as jnp
  >>> from capacity_jax import gru_reset_after
  >>> params = gru_reset_after.init(jax.random.key(0), n_in=8, n_hidden=8, hparams={})
  >>> state, y = gru_reset_after.step(params, gru_reset_after.initial_state(params), jnp.ones(8))
  >>> y.shape
  (8,)
"""

from operator import itemgetter

import jax
import jax.numpy as jnp

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.gates import split_sum
from capacity_jax.cells.gru import HYPERPARAMETERS
from capacity_jax.cells.gru import init as init_gru
from capacity_jax.cells.linear import linear
from capacity_jax.cells.weights import WEIGHTS


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params as of the `gru`, and `b_h [n]`, the candidate's bias inside the reset, 0 at first."""
    return {"b_h": jnp.zeros(n_hidden), **init_gru(key, n_in, n_hidden, hparams)}


def step(params, h, x, nonlinearity=jnp.tanh):
    """One step of the gated recurrent unit with its reset after the product.

    r = σ(W_rh h + W_rx x + b_r);  u = σ(W_uh h + W_ux x + b_u + b_fg);
    c = s(W_cx x + b_c + r·(W_ch h + b_h));  h' = u·h + (1−u)·c.
    """
    h_r, h_u, h_c = jnp.split(linear(params["W_h"], h), 3)
    x_r, x_u, x_c = split_sum(3, linear(params["W_x"], x), params["b"])
    r, u = jax.nn.sigmoid(h_r + x_r), jax.nn.sigmoid(h_u + x_u)
    c = nonlinearity(x_c + r * (h_c + params["b_h"]))
    h = u * h + (1 - u) * c
    return h, h


gru_reset_after = Cell(
    "gru_reset_after", init, itemgetter("h0"), step, HYPERPARAMETERS, batch_last=True, weights=WEIGHTS, family="R"
)
