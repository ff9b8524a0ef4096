"""TTT-Linear: the state is a linear model that is trained while it runs (Sun et al. 2024, arXiv 2407.04620).

Without the short convolutions and the gate of the published block; each step is a batch of its own.

Example:
  >>> from capacity_jax.cells import ttt
  >>> ttt(heads=2).state_size(n_hidden=8)
  40
"""

from functools import partial

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import merge_heads, split_heads
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.matrix_memory import Correction, matrix_memory
from capacity_jax.cells.options import cell_with_options

NORM_EPSILON = 1e-6
INITIAL_SCALE = 0.02


@cell_with_options
def ttt(heads: int = 1) -> Cell:
    """The cell with so many heads."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `q, k, v`: projections `{"W": [n_in, n], "b": [n]}`, heads side by side; `eta`: one to the heads.

        Besides the model that each head starts from, `W_0 [n·d]`, keys before values, and `b_0 [n]`, and of its norm
        `gain, shift [n]`.
        """
        hparams = with_defaults(SCALES, hparams)
        affine_key, W_key = jax.random.split(key)
        return {
            **draw_affines(affine_key, n_in, dict.fromkeys("qkv", n_hidden) | {"eta": heads}, hparams),
            "W_0": INITIAL_SCALE * jax.random.normal(W_key, (n_hidden * (n_hidden // heads),)),
            "b_0": jnp.zeros(n_hidden),
            "gain": jnp.ones(n_hidden),
            "shift": jnp.zeros(n_hidden),
        }

    def layer_norm(params, z):
        """Of each head, gain⊙(z − mean)/√(variance + 1e-6) + shift."""
        d = z.shape[1]
        # Products: means over a leading axis take a CPU three times as long.
        centred = jnp.einsum("kv,hk...->hv...", jnp.eye(d) - 1 / d, z)
        variance = jnp.einsum("k,hk...->h...", jnp.full(d, 1 / d), centred * centred)[:, None]
        scale = jax.lax.rsqrt(variance + NORM_EPSILON)
        return split_heads(params["gain"], heads) * centred * scale + split_heads(params["shift"], heads)

    def with_one(a):
        """Of each head, a key or query and the 1 that multiplies b."""
        return jnp.concatenate([a, jnp.ones_like(a[:, :1])], 1)

    def writes(params, x):
        """One step of training on the pair of key and value.

        W' = W − η ∇_W ½|LN(Wᵀk + b) − (v − k)|², b' likewise, η = σ(W_η x + b_η)/d.
        """
        k, v = (split_heads(affine(params[name], x), heads) for name in "kv")
        eta = jax.nn.sigmoid(affine(params["eta"], x)) / k.shape[1]

        def change(recall):
            answer, pull_back = jax.vjp(partial(layer_norm, params), recall(with_one(k)))
            (gradient,) = pull_back(answer - (v - k))
            return -eta[:, None] * gradient

        return [Correction(with_one(k), change)]

    def output(params, x, recall):
        """Y = q + LN(W'ᵀq + b')."""
        q = split_heads(affine(params["q"], x), heads)
        return merge_heads(q + layer_norm(params, recall(with_one(q))))

    def initial_state(params):
        """W and below it b."""
        b = split_heads(params["b_0"], heads)
        return jnp.concatenate([params["W_0"].reshape(heads, b.shape[1], *b.shape[1:]), b[:, None]], 1)

    return matrix_memory(
        "ttt", init, initial_state, writes, output, hyperparameters=SCALES, units_multiple=heads, family="R"
    )
