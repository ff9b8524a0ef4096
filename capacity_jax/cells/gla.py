"""Gated linear attention (Yang et al. 2023, arXiv 2312.06635).

Without the norm and the output gate of the published block, whose rank is 16 at a thousand units.

Example:
  >>> from capacity_jax.cells import gla
  >>> gla(heads=2).state_size(n_hidden=8)
  32
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import merge_heads, no_state, split_heads
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.low_rank import draw_low_rank, low_rank
from capacity_jax.cells.matrix_memory import Write, linear_memory
from capacity_jax.cells.options import cell_with_options

# The gate is the sixteenth root of a sigmoid: it forgets slowly.
TEMPERATURE = 16


@cell_with_options
def gla(heads: int = 1, rank: int = 4) -> Cell:
    """The cell with so many heads, and a forget gate of each key entry by a projection of that rank."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `q, k, v`: projections `{"W": [n_in, n], "b": [n]}`, heads side by side; `alpha`: one of low rank."""
        hparams = with_defaults(SCALES, hparams)
        affine_key, gate_key = jax.random.split(key)
        return {
            **draw_affines(affine_key, n_in, dict.fromkeys("qkv", n_hidden), hparams),
            "alpha": draw_low_rank(gate_key, n_in, rank, n_hidden, hparams),
        }

    def write(params, x):
        """S' = Diag(α) S + k vᵀ with α = σ(W₂ W₁ x + b)^(1/16)."""
        k, v = (split_heads(affine(params[name], x), heads) for name in "kv")
        log_alpha = jax.nn.log_sigmoid(low_rank(params["alpha"], x)) / TEMPERATURE
        return Write(k, v, decay=split_heads(jnp.exp(log_alpha), heads))

    def output(params, x, recall):
        """Y = S'ᵀq/√d."""
        q = split_heads(affine(params["q"], x), heads)
        return merge_heads(recall(q)) / jnp.sqrt(q.shape[1])

    return linear_memory(
        "gla",
        init,
        lambda params: no_state(params["v"]["b"], heads),
        write,
        output,
        hyperparameters=SCALES,
        units_multiple=heads,
        family="B",
    )
