"""The time mixing of RWKV-7: a matrix memory that is decayed and corrected (Peng et al. 2025, arXiv 2503.14456).

Without the token shift, the norm and the output gate of the published block.

Example:
  >>> from capacity_jax.cells import rwkv7
  >>> rwkv7(heads=2).state_size(n_hidden=8)
  32
"""

import math

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import merge_heads, no_state, split_heads, unit
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.low_rank import draw_low_rank, low_rank
from capacity_jax.cells.matrix_memory import Correction, Write, matrix_memory
from capacity_jax.cells.options import cell_with_options

# Decays lie between e^(−e^(−1/2)) = 0.545 and 1.
STRENGTH = math.exp(-0.5)


@cell_with_options
def rwkv7(heads: int = 1, rank: int = 4) -> Cell:
    """The cell with so many heads, and gates of each key entry by projections of that rank."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `r, k, v`: projections `{"W": [n_in, n], "b": [n]}`, heads side by side; `w, a`: those of low rank.

        Besides `removal, replacement [n]`, factors of the key, 1 at first, and `bonus [n]`, 0 at first.
        """
        hparams = with_defaults(SCALES, hparams)
        affine_key, w_key, a_key = jax.random.split(key, 3)
        return {
            **draw_affines(affine_key, n_in, dict.fromkeys("rkv", n_hidden), hparams),
            "w": draw_low_rank(w_key, n_in, rank, n_hidden, hparams),
            "a": draw_low_rank(a_key, n_in, rank, n_hidden, hparams),
            "removal": jnp.ones(n_hidden),
            "replacement": jnp.ones(n_hidden),
            "bonus": jnp.zeros(n_hidden),
        }

    def key_and_gate(params, x):
        """K, the learning rate a = σ(W₂ W₁ x + b), and the key that is written, k̃ = k⊙(1 + (a−1)⊙replacement)."""
        k, a = affine(params["k"], x), jax.nn.sigmoid(low_rank(params["a"], x))
        return k, a, split_heads(k * (1 + (a - 1) * params["replacement"]), heads)

    def writes(params, x):
        """S' = (Diag(w) − (a⊙κ) κᵀ) S + k̃ vᵀ with w = exp(−e^(−1/2) σ(W₂ tanh(W₁ x) + b)) and κ = unit(k⊙removal)."""
        k, a, added = key_and_gate(params, x)
        w = jnp.exp(-STRENGTH * jax.nn.sigmoid(low_rank(params["w"], x, jnp.tanh)))
        removed = unit(split_heads(k * params["removal"], heads))
        removal = Correction(split_heads(a, heads) * removed, lambda recall: -recall(removed), split_heads(w, heads))
        return [removal, Write(added, split_heads(affine(params["v"], x), heads))]

    def output(params, x, recall):
        """Y = S'ᵀr + (r·(bonus⊙k̃)) v."""
        r, v = (split_heads(affine(params[name], x), heads) for name in "rv")
        *_, added = key_and_gate(params, x)
        bonus = jnp.sum(r * split_heads(params["bonus"], heads) * added, 1, keepdims=True)
        return merge_heads(recall(r) + bonus * v)

    return matrix_memory(
        "rwkv7",
        init,
        lambda params: no_state(params["v"]["b"], heads),
        writes,
        output,
        hyperparameters=SCALES,
        units_multiple=heads,
        family="B",
    )
