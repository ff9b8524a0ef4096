"""The ReLU network that starts from the identity (Le, Jaitly, Hinton 2015, arXiv 1504.00941).

Example:
  >>> import jax
  >>> from capacity_jax import irnn
  >>> params = irnn.init(jax.random.key(0), n_in=8, n_hidden=8, hparams={})
  >>> irnn.step(params, irnn.initial_state(params), jax.numpy.ones(8))[1].shape
  (8,)
"""

from operator import itemgetter

import jax

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.hyperparameters import SHARED, with_defaults
from capacity_jax.cells.rnn import init as init_rnn
from capacity_jax.cells.rnn import step as step_rnn
from capacity_jax.cells.weights import WEIGHTS

HYPERPARAMETERS = {f"{scale}_h": SHARED[scale] for scale in ("recurrent_matrix_scale", "input_scale")}


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params as of the vanilla RNN, with a scaled identity for W_h and b = 0."""
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    return init_rnn(key, n_in, n_hidden, {**hparams, "recurrent_matrix_init_type": "identity"})


def step(params, h, x):
    """H' = ReLU(W_h h + W_x x + b)."""
    return step_rnn(params, h, x, jax.nn.relu)


irnn = Cell("irnn", init, itemgetter("h0"), step, HYPERPARAMETERS, batch_last=True, weights=WEIGHTS, family="R")
