"""The linear recurrent unit (Orvieto et al. 2023, arXiv 2303.06349), without the MLP around it.

A control whose answer is known: its output is linear in what it has heard, so that on one heard input of m values no
more is stored than by a linear readout of m + 1, whatever the width.

Example:
  >>> from capacity_jax.cells import lru
  >>> lru().state_size(n_hidden=8)
  16
"""

import jax
import jax.numpy as jnp
from jax import lax

from capacity_jax.cells.affine import INPUT_SCALE
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.complex_states import into_states, real_part_out
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.linear import linear
from capacity_jax.cells.options import cell_with_options
from capacity_jax.cells.recurrence import linear_recurrence
from capacity_jax.cells.weights import normal_matrix


@cell_with_options
def lru(n_state: int | None = None) -> Cell:
    """The cell with `n_state` complex states, by default as many as units."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `nu, theta, gamma [N]`, `B [n_in, 2N]`, `C [2N, n]` (real parts, then imaginary), `D [n_in, n]`.

        |λ|² is uniform in [0, 1], the phase in [0, 2π].
        """
        hparams = with_defaults(INPUT_SCALE, hparams)
        N = n_state or n_hidden
        size_key, phase_key, B_key, C_key, D_key = jax.random.split(key, 5)
        squared, turns = (jax.random.uniform(k, (N,), minval=1e-6, maxval=1 - 1e-6) for k in (size_key, phase_key))
        return {
            "nu": jnp.log(-jnp.log(squared) / 2),
            "theta": jnp.log(2 * jnp.pi * turns),
            "gamma": jnp.log1p(-squared) / 2,
            "B": hparams["input_scale"] * normal_matrix(B_key, n_in, 2 * N) / jnp.sqrt(2),
            "C": normal_matrix(C_key, 2 * N, n_hidden) * jnp.sqrt(2),
            "D": hparams["input_scale"] * normal_matrix(D_key, n_in, n_hidden),
        }

    def write(params, x):
        """H' = λ⊙h + e^γ⊙B x with λ = exp(−e^ν + i e^θ)."""
        eigenvalues = jnp.exp(lax.complex(-jnp.exp(params["nu"]), jnp.exp(params["theta"])))
        return eigenvalues, jnp.exp(params["gamma"]) * into_states(params["B"], x)

    def read(params, h, x):
        """Y = Re(C h') + D x."""
        return real_part_out(params["C"], h) + linear(params["D"], x)

    def initial_state(params):
        return lax.complex(*(jnp.zeros_like(params["nu"]),) * 2)

    return linear_recurrence("lru", init, initial_state, write, read, hyperparameters=INPUT_SCALE, family="L")
