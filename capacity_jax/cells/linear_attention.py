"""Linear attention (Katharopoulos et al. 2020, arXiv 2006.16236).

Example:
  >>> from capacity_jax.cells import linear_attention
  >>> linear_attention(heads=2).state_size(n_hidden=8)
  40
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import merge_heads, no_state, split_heads
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.matrix_memory import Write, linear_memory
from capacity_jax.cells.options import cell_with_options


@cell_with_options
def linear_attention(heads: int = 1) -> Cell:
    """The cell with so many heads, the feature map φ = elu + 1, and a normalised output."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `q, k, v`: projections `{"W": [n_in, n], "b": [n]}`, heads side by side."""
        return draw_affines(key, n_in, dict.fromkeys("qkv", n_hidden), with_defaults(SCALES, hparams))

    def features(params, name, x):
        return split_heads(jax.nn.elu(affine(params[name], x)) + 1, heads)

    def write(params, x):
        """S' = S + φ(k) vᵀ;  z' = z + φ(k), which stands beside S as the value 1."""
        k, v = features(params, "k", x), split_heads(affine(params["v"], x), heads)
        return Write(k, jnp.concatenate([v, jnp.ones_like(v[:, :1])], 1))

    def output(params, x, recall):
        """Y = S'ᵀφ(q) / z'·φ(q)."""
        found = recall(features(params, "q", x))
        return merge_heads(found[:, :-1] / found[:, -1:])

    def initial_state(params):
        S = no_state(params["v"]["b"], heads)
        return jnp.concatenate([S, S[:, :, :1]], 2)

    return linear_memory(
        "linear_attention",
        init,
        initial_state,
        write,
        output,
        hyperparameters=SCALES,
        units_multiple=heads,
        family="B",
    )
