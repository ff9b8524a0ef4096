"""The ReLU network that starts from the identity (Le, Jaitly, Hinton 2015, arXiv 1504.00941).

Example:
  >>> import jax, jax.numpy as jnp
  >>> from capacity_jax import irnn
  >>> params = irnn.init(jax.random.key(0), n_in=8, n_hidden=8, hparams={})
  >>> state, y = irnn.step(params, irnn.initial_state(params), jnp.ones(8))
  >>> y.shape
  (8,)
"""

from operator import itemgetter

import jax

from capacity_jax.cells import rnn as vanilla
from capacity_jax.cells.base import NO_HPARAMS, Cell

HYPERPARAMETERS = {"recurrent_matrix_scale_h": 1.0, "input_scale_h": 1.0}


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params as of the vanilla RNN, with a scaled identity for W_h and b = 0."""
    scales = {name: value for name, value in hparams.items() if name in HYPERPARAMETERS}
    return vanilla.init(key, n_in, n_hidden, {**scales, "recurrent_matrix_init_type": "identity"})


def step(params, h, x):
    """H' = ReLU(W_h h + W_x x + b)."""
    return vanilla.step(params, h, x, jax.nn.relu)


irnn = Cell("irnn", init, itemgetter("h0"), step, HYPERPARAMETERS, columns=True)
