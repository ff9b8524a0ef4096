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
from capacity_jax.cells.heads import merge_heads, no_state, outer, split_heads
from capacity_jax.cells.heads import read as read_matrix
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.options import cell_with_options
from capacity_jax.cells.recurrence import linear_recurrence


@cell_with_options
def linear_attention(heads: int = 1) -> Cell:
    """The cell with so many heads, the feature map φ = elu + 1, and a normalised output."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `q, k, v`: projections `{"W": [n_in, n], "b": [n]}`, heads side by side."""
        return draw_affines(key, n_in, dict.fromkeys("qkv", n_hidden), with_defaults(SCALES, hparams))

    def features(params, name, x):
        return split_heads(jax.nn.elu(affine(params[name], x)) + 1, heads)

    def write(params, x):
        """S' = S + φ(k) vᵀ;  z' = z + φ(k)."""
        k, v = features(params, "k", x), split_heads(affine(params["v"], x), heads)
        new = outer(k, v), k
        return jax.tree.map(jnp.ones_like, new), new

    def read(params, state, x):
        """Y = S'ᵀφ(q) / z'·φ(q)."""
        S, z = state
        q = features(params, "q", x)
        return merge_heads(read_matrix(S, q) / jnp.sum(z * q, 1, keepdims=True))

    def initial_state(params):
        S = no_state(params["v"]["b"], heads)
        return S, S[:, :, 0]

    return linear_recurrence(
        "linear_attention",
        init,
        initial_state,
        write,
        read,
        hyperparameters=SCALES,
        units_multiple=heads,
        family="B",
    )
