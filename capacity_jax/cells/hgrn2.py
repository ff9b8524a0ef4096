"""HGRN2: linear attention whose keys are what is forgotten (Qin et al. 2024, arXiv 2404.07904).

Without the norm, the output gate and the lower bound of the gate that the published block has.

Example:
  >>> from capacity_jax.cells import hgrn2
  >>> hgrn2(heads=2).state_size(n_hidden=8)
  32
"""

import jax

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import merge_heads, no_state, split_heads
from capacity_jax.cells.hyperparameters import SHARED, with_defaults
from capacity_jax.cells.matrix_memory import Write, linear_memory
from capacity_jax.cells.options import cell_with_options

HYPERPARAMETERS = SCALES | {"forget_gate_bias_hack": SHARED["forget_gate_bias_hack"]}


@cell_with_options
def hgrn2(heads: int = 1) -> Cell:
    """The cell with so many heads."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `q, f, v`: projections `{"W": [n_in, n], "b": [n]}`, heads side by side."""
        hparams = with_defaults(HYPERPARAMETERS, hparams)
        params = draw_affines(key, n_in, dict.fromkeys("qfv", n_hidden), hparams)
        params["f"]["b"] += hparams["forget_gate_bias_hack"]
        return params

    def write(params, x):
        """S' = Diag(f) S + (1−f) vᵀ with f = σ(W_f x + b)."""
        f = split_heads(jax.nn.sigmoid(affine(params["f"], x)), heads)
        return Write(1 - f, split_heads(affine(params["v"], x), heads), decay=f)

    def output(params, x, recall):
        """Y = S'ᵀ SiLU(q)."""
        return merge_heads(recall(split_heads(jax.nn.silu(affine(params["q"], x)), heads)))

    return linear_memory(
        "hgrn2",
        init,
        lambda params: no_state(params["v"]["b"], heads),
        write,
        output,
        hyperparameters=HYPERPARAMETERS,
        units_multiple=heads,
        family="B",
    )
