"""The real-gated linear recurrent unit of Griffin (De et al. 2024, arXiv 2402.19427), without the block around it.

The published code leaves the root at the first position out; here it stands at all, for the first is the only one that
some tasks are heard at.

Example:
  >>> from capacity_jax.cells import rglru
  >>> rglru().state_size(n_hidden=8)
  8
"""

import jax
import jax.numpy as jnp

from capacity_jax.cells.affine import SCALES, affine, draw_affines, inverse_softplus
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.block_diagonal import block_diagonal, draw_blocks
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.options import cell_with_options
from capacity_jax.cells.recurrence import linear_recurrence

# Of the logarithm of the decay.
STRENGTH = 8.0
# A root's slope is at most 1000 here, as in the authors' code: where the gate closes it would be infinite.
LEAST = 1 / (2 * 1000) ** 2
SLOWEST, FASTEST = 0.999, 0.9


@cell_with_options
def rglru(blocks: int = 1) -> Cell:
    """The cell whose gates hear the projected input through matrices of so many blocks along the diagonal."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `u`: a projection; gates `r, i`: `{"W": [blocks, n/blocks, n/blocks], "b": [n]}`; `decay [n]`.

        The decay's square at an open gate is uniform in 0.9² to 0.999².
        """
        hparams = with_defaults(SCALES, hparams)
        u_key, r_key, i_key, decay_key = jax.random.split(key, 4)
        squared = jax.random.uniform(decay_key, (n_hidden,), minval=FASTEST**2, maxval=SLOWEST**2)
        return {
            **draw_affines(u_key, n_in, {"u": n_hidden}, hparams),
            **{
                gate: {"W": draw_blocks(gate_key, blocks, n_hidden, n_hidden), "b": jnp.zeros(n_hidden)}
                for gate, gate_key in (("r", r_key), ("i", i_key))
            },
            "decay": inverse_softplus(-jnp.log(squared) / (2 * STRENGTH)),
        }

    def write(params, x):
        """H' = a⊙h + √(1−a²)⊙(i⊙u) with u = W x + b, r, i = σ(W u + b), log a = −8 softplus(Λ)⊙r."""
        u = affine(params["u"], x)
        r, i = (jax.nn.sigmoid(block_diagonal(params[gate]["W"], u) + params[gate]["b"]) for gate in "ri")
        log_a = -STRENGTH * jax.nn.softplus(params["decay"]) * r
        return jnp.exp(log_a), jnp.sqrt(jnp.maximum(-jnp.expm1(2 * log_a), LEAST)) * (i * u)

    return linear_recurrence(
        "rglru",
        init,
        lambda params: jnp.zeros_like(params["u"]["b"]),
        write,
        lambda params, h, x: h,
        hyperparameters=SCALES,
        units_multiple=blocks,
        family="G",
    )
