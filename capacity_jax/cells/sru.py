"""The simple recurrent unit, whose gates hear the state entry by entry (Lei et al. 2018, arXiv 1709.02755).

Example:
  >>> from capacity_jax.cells import sru
  >>> sru.state_size(n_hidden=8)
  8
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.hyperparameters import SHARED, with_defaults
from capacity_jax.cells.linear import linear

HYPERPARAMETERS = SCALES | {name: SHARED[name] for name in ("recurrent_matrix_scale", "forget_gate_bias_hack")}
# Keeps the variance of what passes by the state, at gates of 1/2.
SKIP_SCALE = 3**0.5


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `f, r`: `{"W": [n_in, n], "b": [n], "v": [n]}`; `W_c [n_in, n]`, and `W_s` alike if n_in is not n."""
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    affine_key, state_key = jax.random.split(key)
    sizes = dict.fromkeys(("f", "r", "c", "s"), n_hidden)
    parts = draw_affines(affine_key, n_in, sizes, hparams)
    of_state = hparams["recurrent_matrix_scale"] * jax.random.normal(state_key, (2, n_hidden))
    gates = {gate: {**parts[gate], "v": v} for gate, v in zip("fr", of_state, strict=True)}
    gates["f"]["b"] += hparams["forget_gate_bias_hack"]
    return {**gates, "W_c": parts["c"]["W"], **({} if n_in == n_hidden else {"W_s": parts["s"]["W"]})}


def step(params, c, x):
    """One step of the simple recurrent unit.

    f, r = σ(W x + v⊙c + b);  c' = f⊙c + (1−f)⊙W_c x;  y = r⊙c' + (1−r)⊙√3 x, where x passes W_s if it is of another
    size.
    """
    f, r = (jax.nn.sigmoid(affine(params[gate], x) + params[gate]["v"] * c) for gate in "fr")
    c = f * c + (1 - f) * linear(params["W_c"], x)
    skipped = linear(params["W_s"], x) if "W_s" in params else x
    return c, r * c + (1 - r) * SKIP_SCALE * skipped


sru = Cell(
    "sru",
    init,
    lambda params: jnp.zeros_like(params["f"]["b"]),
    step,
    HYPERPARAMETERS,
    batch_last=True,
    family="R",
)
