"""minLSTM: two gates and a candidate of the input alone (Feng et al. 2024, arXiv 2410.01201).

Example:
  >>> from capacity_jax.cells import minlstm
  >>> minlstm.state_size(n_hidden=8)
  8
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS
from capacity_jax.cells.hyperparameters import SHARED, with_defaults
from capacity_jax.cells.positive import positive
from capacity_jax.cells.recurrence import linear_recurrence

HYPERPARAMETERS = SCALES | {"forget_gate_bias_hack": SHARED["forget_gate_bias_hack"]}


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `{"f", "i", "c"}`, projections `{"W": [n_in, n], "b": [n]}`."""
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    params = draw_affines(key, n_in, {"f": n_hidden, "i": n_hidden, "c": n_hidden}, hparams)
    params["f"]["b"] += hparams["forget_gate_bias_hack"]
    return params


def write(params, x):
    """H' = f/(f+i)⊙h + i/(f+i)⊙g(W_c x + b_c) with f, i = σ(W x + b)."""
    f, i = (jax.nn.sigmoid(affine(params[gate], x)) for gate in "fi")
    return f / (f + i), i / (f + i) * positive(affine(params["c"], x))


minlstm = linear_recurrence(
    "minlstm",
    init,
    lambda params: jnp.zeros_like(params["c"]["b"]),
    write,
    lambda params, h, x: h,
    hyperparameters=HYPERPARAMETERS,
    family="G",
)
