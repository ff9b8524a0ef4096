"""Retention: linear attention that forgets at fixed rates (Sun et al. 2023, arXiv 2307.08621).

Without the rotation of keys and queries and without the norm of the published block.

Example:
  >>> from capacity_jax.cells import retnet
  >>> retnet(heads=2).state_size(n_hidden=8)
  32
"""

import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import merge_heads, no_state, split_heads
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.matrix_memory import Write, linear_memory
from capacity_jax.cells.options import cell_with_options


@cell_with_options
def retnet(heads: int = 1) -> Cell:
    """The cell with so many heads; head h keeps the share γ_h = 1 − 2^(−5−h) a step, h from 0."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `q, k, v`: projections `{"W": [n_in, n], "b": [n]}`, heads side by side."""
        return draw_affines(key, n_in, dict.fromkeys("qkv", n_hidden), with_defaults(SCALES, hparams))

    def write(params, x):
        """S' = γ_h S + k vᵀ."""
        k, v = (split_heads(affine(params[name], x), heads) for name in "kv")
        kept = 1 - 2.0 ** (-5 - jnp.arange(heads, dtype=float))
        return Write(k, v, decay=kept.reshape(heads, *(1,) * (k.ndim - 1)))

    def output(params, x, recall):
        """Y = S'ᵀq/√d."""
        q = split_heads(affine(params["q"], x), heads)
        return merge_heads(recall(q)) / jnp.sqrt(q.shape[1])

    return linear_memory(
        "retnet",
        init,
        lambda params: no_state(params["v"]["b"], heads),
        write,
        output,
        hyperparameters=SCALES,
        units_multiple=heads,
        family="B",
    )
