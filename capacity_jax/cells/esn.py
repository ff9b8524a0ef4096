"""The echo state network: random and never trained, but for the readout (Jaeger 2001, leaky units of 2007).

A control whose answer is known: only the readout's weights and bias store, about 2 bits each (Cover 1965).

Example:
  >>> from capacity_jax.cells import esn
  >>> esn.state_size(n_hidden=8)
  8
"""

from dataclasses import replace

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.hyperparameters import Hyperparameter, with_defaults
from capacity_jax.cells.linear import linear
from capacity_jax.cells.weights import orthogonal_matrix

# With a radius above 1 and small biases the state stays a nonlinear function of what was heard some steps ago.
HYPERPARAMETERS = SCALES | {
    "bias_scale": replace(SCALES["bias_scale"], default=0.1),
    "spectral_radius": Hyperparameter(1.5, range=(0.5, 3.0), at_least=0),
    "leak": Hyperparameter(1.0, range=(0.1, 1.0), above=0),
}


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `W_x [n_in, n]`, `W_h [n, n]`, `b [n]`, `leak []`, none of them trained.

    W_h is an orthogonal matrix times `spectral_radius`, which is then the size of all its eigenvalues.
    """
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    input_key, recurrent_key = jax.random.split(key)
    into = draw_affines(input_key, n_in, {"h": n_hidden}, hparams)["h"]
    W_h = orthogonal_matrix(jax.random.normal(recurrent_key, (n_hidden, n_hidden)))
    return {
        "W_x": into["W"],
        "W_h": hparams["spectral_radius"] * W_h,
        "b": into["b"],
        "leak": jnp.asarray(hparams["leak"], float),
    }


def step(params, h, x):
    """H' = (1−a) h + a tanh(ρ W h + W_x x + b)."""
    new = jnp.tanh(linear(params["W_h"], h) + linear(params["W_x"], x) + params["b"])
    h = (1 - params["leak"]) * h + params["leak"] * new
    return h, h


esn = Cell(
    "esn",
    init,
    lambda params: jnp.zeros_like(params["b"]),
    step,
    HYPERPARAMETERS,
    batch_last=True,
    frozen=("W_x", "W_h", "b", "leak"),
    family="R",
)
