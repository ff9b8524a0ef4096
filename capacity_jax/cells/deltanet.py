"""DeltaNet: a matrix memory that is corrected, not added to (Yang et al. 2024, arXiv 2406.06484).

Without the short convolutions and the norm of the published block; SiLU stands on q, k and v all the same.

Example:
  >>> from capacity_jax.cells import deltanet
  >>> deltanet(heads=2).state_size(n_hidden=8)
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
def deltanet(heads: int = 1, largest_beta: int = 1) -> Cell:
    """The cell with so many heads.

    Args:
      heads: of n/heads keys and values each.
      largest_beta: 1, or 2 for a state that may change its sign along a key (Grazzi et al. 2024, arXiv 2411.12537).
    """

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `q, k, v`: projections `{"W": [n_in, n], "b": [n]}`, heads side by side; `beta`: one to the heads."""
        sizes = dict.fromkeys("qkv", n_hidden) | {"beta": heads}
        return draw_affines(key, n_in, sizes, with_defaults(SCALES, hparams))

    def projected(params, name, x):
        return split_heads(jax.nn.silu(affine(params[name], x)), heads)

    def writes(params, x):
        """S' = (I − β k kᵀ) S + β k vᵀ.

        k = unit(SiLU(W x + b));  v = SiLU(W_v x + b);  β = largest_beta σ(W_β x + b).
        """
        beta = largest_beta * jax.nn.sigmoid(affine(params["beta"], x))
        return [delta_rule(unit(projected(params, "k", x)), projected(params, "v", x), beta)]

    def output(params, x, recall):
        """Y = S'ᵀq/√d with q = unit(SiLU(W x + b))."""
        q = unit(projected(params, "q", x))
        return merge_heads(recall(q)) / jnp.sqrt(q.shape[1])

    return matrix_memory(
        "deltanet",
        init,
        lambda params: no_state(params["v"]["b"], heads),
        writes,
        output,
        hyperparameters=SCALES,
        units_multiple=heads,
        family="G",
    )
