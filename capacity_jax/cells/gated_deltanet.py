"""Gated DeltaNet: a corrected matrix memory that forgets (Yang et al. 2024, arXiv 2412.06464).

Without the short convolutions, the norm and the output gate of the published block; SiLU stands on q, k and v all the
same.

Example:
  >>> from capacity_jax.cells import gated_deltanet
  >>> gated_deltanet(heads=2).state_size(n_hidden=8)
  32
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines, inverse_softplus
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import merge_heads, no_state, split_heads, unit
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.matrix_memory import delta_rule, matrix_memory
from capacity_jax.cells.options import cell_with_options
from capacity_jax.cells.step_sizes import STEP_SIZE, draw_step_sizes

HYPERPARAMETERS = SCALES | STEP_SIZE
LARGEST_A = 16.0


@cell_with_options
def gated_deltanet(heads: int = 1, largest_beta: int = 1) -> Cell:
    """The cell with so many heads; `largest_beta` as in `deltanet`."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params as of the DeltaNet, and `a`: a projection to the heads, `A [heads]`.

        e^A is uniform in 0 to 16, the softplus of a's bias log-uniform up to `step_size`.
        """
        hparams = with_defaults(HYPERPARAMETERS, hparams)
        affine_key, A_key, step_key = jax.random.split(key, 3)
        sizes = dict.fromkeys("qkv", n_hidden) | {"beta": heads, "a": heads}
        params = draw_affines(affine_key, n_in, sizes, hparams)
        params["a"]["b"] = inverse_softplus(draw_step_sizes(step_key, heads, hparams))
        return {**params, "A": jnp.log(jax.random.uniform(A_key, (heads,), minval=1e-3, maxval=LARGEST_A))}

    def projected(params, name, x):
        return split_heads(jax.nn.silu(affine(params[name], x)), heads)

    def writes(params, x):
        """S' = α (I − β k kᵀ) S + β k vᵀ with α = exp(−e^A softplus(W_a x + b_a)), and k, v, β as in the DeltaNet."""
        beta = largest_beta * jax.nn.sigmoid(affine(params["beta"], x))
        alpha = jnp.exp(-jnp.exp(params["A"]) * jax.nn.softplus(affine(params["a"], x)))
        return [delta_rule(unit(projected(params, "k", x)), projected(params, "v", x), beta, alpha)]

    def output(params, x, recall):
        """Y = S'ᵀq/√d with q as in the DeltaNet."""
        q = unit(projected(params, "q", x))
        return merge_heads(recall(q)) / jnp.sqrt(q.shape[1])

    return matrix_memory(
        "gated_deltanet",
        init,
        lambda params: no_state(params["v"]["b"], heads),
        writes,
        output,
        hyperparameters=HYPERPARAMETERS,
        units_multiple=heads,
        family="G",
    )
