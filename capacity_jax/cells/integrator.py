"""The sum of all inputs, without a parameter: in a block it shows what the MLP alone stores.

Example:
  >>> from capacity_jax.cells import integrator
  >>> integrator.state_size(n_hidden=8)
  8
"""

import jax.numpy as jnp

from capacity_jax.cells.base import NO_HPARAMS
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.recurrence import linear_recurrence


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `h0 [n]`, zeros that are not trained: they only tell how many units there are.

    Raises:
      ValueError: n_in differs from n_hidden, whose sum would not be defined; or hparams hold anything.
    """
    with_defaults({}, hparams)
    if n_in != n_hidden:
        raise ValueError(f"n_in is {n_in}; the integrator needs as many inputs as units, {n_hidden}")
    return {"h0": jnp.zeros(n_hidden)}


def write(params, x):
    """H' = h + x."""
    return jnp.ones_like(x), x


integrator = linear_recurrence(
    "integrator",
    init,
    lambda params: params["h0"],
    write,
    lambda params, h, x: h,
    square=True,
    frozen=("h0",),
    family="L",
)
