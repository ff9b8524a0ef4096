"""sLSTM: an exponential input gate and a normalised state (Beck et al. 2024, arXiv 2405.04517).

The state is kept as the quotient c/n and the logarithm of n, which overflow nowhere: with the share
s = σ(log f + log n − ĩ) of what was there, c'/n' = s·c/n + (1−s)·tanh z̃.

Example:
  >>> from capacity_jax.cells import slstm
  >>> slstm().state_size(n_hidden=8)
  24
"""

from typing import Literal

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.block_diagonal import block_diagonal
from capacity_jax.cells.hyperparameters import SHARED, with_defaults
from capacity_jax.cells.options import cell_with_options

GATES = ("i", "f", "z", "o")
HYPERPARAMETERS = SCALES | {"forget_gate_bias_hack": SHARED["forget_gate_bias_hack"]}
# Finite, because gradients of infinities are none.
LOG_OF_NOTHING = -1e30


@cell_with_options
def slstm(heads: int = 1, forget: Literal["sigmoid", "exp"] = "sigmoid") -> Cell:
    """The cell whose units hear those of their own head, and whose forget gate is a sigmoid or an exponential."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `i, f, z, o`: `{"W": [n_in, n], "b": [n], "R": [heads, n/heads, n/heads]}`, R = 0 at first."""
        hparams = with_defaults(HYPERPARAMETERS, hparams)
        gates = draw_affines(key, n_in, dict.fromkeys(GATES, n_hidden), hparams)
        gates["f"]["b"] += hparams["forget_gate_bias_hack"]
        d = n_hidden // heads
        return {gate: {**parts, "R": jnp.zeros((heads, d, d))} for gate, parts in gates.items()}

    def step(params, state, x):
        """One step of the sLSTM.

        ĩ, f̃, z̃, õ = W x + R h + b;  c' = f⊙c + i⊙tanh z̃;  n' = f⊙n + i;  h' = σ(õ)⊙c'/n', with i = exp ĩ and f = σ(f̃)
        or exp f̃.
        """
        mean, log_n, h = state
        i, f, z, o = (affine(params[gate], x) + block_diagonal(params[gate]["R"], h) for gate in GATES)
        log_kept = log_n + (jax.nn.log_sigmoid(f) if forget == "sigmoid" else f)
        share = jax.nn.sigmoid(log_kept - i)
        mean = share * mean + (1 - share) * jnp.tanh(z)
        h = jax.nn.sigmoid(o) * mean
        return (mean, jnp.logaddexp(log_kept, i), h), h

    def initial_state(params):
        zeros = jnp.zeros_like(params["f"]["b"])
        return zeros, zeros + LOG_OF_NOTHING, zeros

    return Cell(
        "slstm",
        init,
        initial_state,
        step,
        HYPERPARAMETERS,
        batch_last=True,
        weights=("W", "R"),
        units_multiple=heads,
        family="R",
    )
