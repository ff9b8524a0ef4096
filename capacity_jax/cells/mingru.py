"""minGRU: a gate and a candidate of the input alone (Feng et al. 2024, arXiv 2410.01201).

Example:
  >>> from capacity_jax.cells import mingru
  >>> mingru.state_size(n_hidden=8)
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
    """Params `{"z", "c"}`, projections `{"W": [n_in, n], "b": [n]}`."""
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    params = draw_affines(key, n_in, {"z": n_hidden, "c": n_hidden}, hparams)
    params["z"]["b"] -= hparams["forget_gate_bias_hack"]
    return params


def write(params, x):
    """H' = (1−z)⊙h + z⊙g(W_c x + b_c) with z = σ(W_z x + b_z)."""
    z = jax.nn.sigmoid(affine(params["z"], x))
    return 1 - z, z * positive(affine(params["c"], x))


mingru = linear_recurrence(
    "mingru",
    init,
    lambda params: jnp.zeros_like(params["c"]["b"]),
    write,
    lambda params, h, x: h,
    hyperparameters=HYPERPARAMETERS,
    family="G",
)
