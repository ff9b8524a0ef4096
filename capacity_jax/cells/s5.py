"""The simplified state space of S5, without the MLP around it (Smith et al. 2023, arXiv 2208.04933).

Linear and time-invariant, as the LRU; its input passes through a projection of the network to as many values as units.
The eigenvalues start at −1/2 + iπk (S4D-Lin: Gu et al. 2022, arXiv 2206.11893), the states are those of half a pair.

Example:
  >>> from capacity_jax.cells import s5
  >>> s5().state_size(n_hidden=8)
  16
"""

import jax
import jax.numpy as jnp
from jax import lax

from capacity_jax.cells.affine import INPUT_SCALE
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.complex_states import into_states, real_part_out
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.options import cell_with_options
from capacity_jax.cells.recurrence import linear_recurrence
from capacity_jax.cells.step_sizes import STEP_SIZE, draw_step_sizes
from capacity_jax.cells.weights import normal_matrix

HYPERPARAMETERS = INPUT_SCALE | STEP_SIZE


@cell_with_options
def s5(n_state: int | None = None) -> Cell:
    """The cell with `n_state` complex states, by default as many as units."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `log_re, im, log_step [N]`, `B [n, 2N]`, `C [2N, n]` (real parts, then imaginary), `D [n]`."""
        hparams = with_defaults(HYPERPARAMETERS, hparams)
        N = n_state or n_hidden
        step_key, B_key, C_key, D_key = jax.random.split(key, 4)
        return {
            "log_re": jnp.full(N, jnp.log(0.5)),
            "im": jnp.pi * jnp.arange(N, dtype=float),
            "log_step": jnp.log(draw_step_sizes(step_key, N, hparams)),
            "B": hparams["input_scale"] * normal_matrix(B_key, n_in, 2 * N),
            "C": normal_matrix(C_key, 2 * N, n_hidden),
            "D": jax.random.normal(D_key, (n_hidden,)),
        }

    def write(params, x):
        """H' = Λ̄⊙h + Λ⁻¹(Λ̄−1)⊙B x with Λ̄ = e^{ΛΔ}."""
        eigenvalues = lax.complex(-jnp.exp(params["log_re"]), params["im"])
        over_a_step = jnp.exp(eigenvalues * jnp.exp(params["log_step"]))
        return over_a_step, (over_a_step - 1) / eigenvalues * into_states(params["B"], x)

    def read(params, h, x):
        """Y = 2 Re(C h') + D⊙x."""
        return 2 * real_part_out(params["C"], h) + params["D"] * x

    def initial_state(params):
        return lax.complex(*(jnp.zeros_like(params["im"]),) * 2)

    return linear_recurrence(
        "s5", init, initial_state, write, read, hyperparameters=HYPERPARAMETERS, square=True, family="L"
    )
