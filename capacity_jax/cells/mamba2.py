"""The state space of Mamba-2: one decay for a whole head (Dao & Gu 2024, arXiv 2405.21060).

Without the short convolution, the norm and the gate of the published block; SiLU stands on u, B and C all the same.

Example:
  >>> from capacity_jax.cells import mamba2
  >>> mamba2(heads=2).state_size(n_hidden=8)
  32
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines, inverse_softplus
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import merge_heads, split_heads
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.matrix_memory import Write, linear_memory
from capacity_jax.cells.options import cell_with_options
from capacity_jax.cells.step_sizes import STEP_SIZE, draw_step_sizes

HYPERPARAMETERS = SCALES | STEP_SIZE
SMALLEST_A, LARGEST_A = 1.0, 16.0


@cell_with_options
def mamba2(heads: int = 1, n_state: int = 4) -> Cell:
    """The cell with so many heads, and `n_state` values of state per unit (64 to 128 where models are large)."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `u, B, C, dt`: projections to n, n_state, n_state and the heads; `A, D [heads]`.

        e^A starts uniform in 1 to 16, the softplus of dt's bias log-uniform up to `step_size`.
        """
        hparams = with_defaults(HYPERPARAMETERS, hparams)
        affine_key, A_key, step_key = jax.random.split(key, 3)
        sizes = {"u": n_hidden, "B": n_state, "C": n_state, "dt": heads}
        params = draw_affines(affine_key, n_in, sizes, hparams)
        params["dt"]["b"] = inverse_softplus(draw_step_sizes(step_key, heads, hparams))
        return {
            **params,
            "A": jnp.log(jax.random.uniform(A_key, (heads,), minval=SMALLEST_A, maxval=LARGEST_A)),
            "D": jnp.ones(heads),
        }

    def of_input(params, name, x):
        return jax.nn.silu(affine(params[name], x))

    def write(params, x):
        """H' = e^{−ΔA} h + Δ B uᵀ with u, B = SiLU(W x + b), Δ = softplus(W x + b) of each head."""
        u, B = split_heads(of_input(params, "u", x), heads), of_input(params, "B", x)[None]
        dt = jax.nn.softplus(affine(params["dt"], x))
        return Write(B, dt[:, None] * u, jnp.exp(-jnp.exp(params["A"]) * dt)[:, None])

    def output(params, x, recall):
        """Y = h'ᵀC + D u with C = SiLU(W x + b)."""
        u, C = split_heads(of_input(params, "u", x), heads), of_input(params, "C", x)[None]
        return merge_heads(recall(C) + params["D"][:, None] * u)

    def initial_state(params):
        b = params["u"]["b"]
        return jnp.zeros((heads, n_state, len(b) // heads, *b.shape[1:]))

    return linear_memory(
        "mamba2",
        init,
        initial_state,
        write,
        output,
        hyperparameters=HYPERPARAMETERS,
        units_multiple=heads,
        family="G",
    )
