"""The selective state space of Mamba, S6 (Gu & Dao 2023, arXiv 2312.00752).

Without the short convolution and the gate of the published block; SiLU stands on u all the same.

Example:
  >>> from capacity_jax.cells import mamba
  >>> mamba().state_size(n_hidden=8)
  32
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines, inverse_softplus
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.leading_axes import repeat_along, sum_along
from capacity_jax.cells.linear import linear
from capacity_jax.cells.options import cell_with_options
from capacity_jax.cells.recurrence import linear_recurrence
from capacity_jax.cells.step_sizes import STEP_SIZE, draw_step_sizes
from capacity_jax.cells.weights import normal_matrix

HYPERPARAMETERS = SCALES | STEP_SIZE


@cell_with_options
def mamba(n_state: int = 4, rank: int = 1) -> Cell:
    """The cell with `n_state` values of state per unit (16 where models are large), and step sizes of that rank."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `u`: a projection; `W_dtBC [n, rank + 2·n_state]`; `dt`: one from rank; `A [n·n_state]`, `D [n]`.

        −e^A starts at −1 to −n_state in every unit, the softplus of dt's bias log-uniform up to `step_size`.
        """
        hparams = with_defaults(HYPERPARAMETERS, hparams)
        u_key, W_key, dt_key, step_key = jax.random.split(key, 4)
        return {
            **draw_affines(u_key, n_in, {"u": n_hidden}, hparams),
            "W_dtBC": normal_matrix(W_key, n_hidden, rank + 2 * n_state),
            "dt": {
                "W": normal_matrix(dt_key, rank, n_hidden),
                "b": inverse_softplus(draw_step_sizes(step_key, n_hidden, hparams)),
            },
            "A": jnp.tile(jnp.log(1.0 + jnp.arange(n_state)), n_hidden),
            "D": jnp.ones(n_hidden),
        }

    def of_input(params, x):
        """U = SiLU(W x + b), and δ, B, C from it."""
        u = jax.nn.silu(affine(params["u"], x))
        return u, *jnp.split(linear(params["W_dtBC"], u), [rank, rank + n_state])

    def write(params, x):
        """H' = e^{ΔA}⊙h + Δ⊙u Bᵀ with Δ = softplus(W_Δ δ + b), for each unit and value of its state."""
        u, delta, B, _ = of_input(params, x)
        dt = jax.nn.softplus(affine(params["dt"], delta))
        A = params["A"].reshape(-1, n_state, *params["A"].shape[1:])
        written = repeat_along(dt * u, 1, n_state) * repeat_along(B, 0, len(u))
        return jnp.exp(-repeat_along(dt, 1, n_state) * jnp.exp(A)), written

    def read(params, h, x):
        """Y = h' C + D⊙u."""
        u, _, _, C = of_input(params, x)
        return sum_along(h * repeat_along(C, 0, len(h)), 1) + params["D"] * u

    def initial_state(params):
        A = params["A"]
        return jnp.zeros_like(A).reshape(-1, n_state, *A.shape[1:])

    return linear_recurrence(
        "mamba", init, initial_state, write, read, hyperparameters=HYPERPARAMETERS, weights=("W", "W_dtBC"), family="G"
    )
