"""DeltaProduct: several corrections of the matrix memory at each step (Siems et al. 2025, arXiv 2502.10297).

Without the short convolutions and the norm of the published block; SiLU stands on q, k and v all the same.

Example:
  >>> from capacity_jax.cells import deltaproduct
  >>> deltaproduct(heads=2).state_size(n_hidden=8)
  32
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import merge_heads, no_state, split_heads, unit
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.matrix_memory import delta_rule, matrix_memory
from capacity_jax.cells.options import cell_with_options


@cell_with_options
def deltaproduct(heads: int = 1, updates: int = 2) -> Cell:
    """The cell with so many heads, and so many corrections at each step."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `q`: a projection `{"W": [n_in, n], "b": [n]}`; `k, v`: to updates·n; `beta`: to updates·heads.

        The updates lie side by side, and in each of them the heads.
        """
        sizes = {"q": n_hidden, "k": updates * n_hidden, "v": updates * n_hidden, "beta": updates * heads}
        return draw_affines(key, n_in, sizes, with_defaults(SCALES, hparams))

    def writes(params, x):
        """S ← (I − β_j k_j k_jᵀ) S + β_j k_j v_jᵀ for each update j.

        k_j = unit(SiLU(W x + b));  v_j = SiLU(W x + b);  β_j = 2σ(W_β x + b).
        """
        k, v = (jax.nn.silu(affine(params[name], x)) for name in "kv")
        beta = 2 * jax.nn.sigmoid(affine(params["beta"], x))
        return [
            delta_rule(unit(split_heads(k_j, heads)), split_heads(v_j, heads), beta_j)
            for k_j, v_j, beta_j in zip(*(jnp.split(of_all, updates) for of_all in (k, v, beta)), strict=True)
        ]

    def output(params, x, recall):
        """Y = Sᵀq/√d with q = unit(SiLU(W x + b))."""
        q = unit(split_heads(jax.nn.silu(affine(params["q"], x)), heads))
        return merge_heads(recall(q)) / jnp.sqrt(q.shape[1])

    return matrix_memory(
        "deltaproduct",
        init,
        lambda params: no_state(params["q"]["b"], heads),
        writes,
        output,
        hyperparameters=SCALES,
        units_multiple=heads,
        family="G",
    )
