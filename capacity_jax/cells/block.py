"""The block that modern cells live in: a norm before each part, a residual past it, and an MLP that is gated.

The skeleton of Llama's layers (Touvron et al. 2023, arXiv 2302.13971) round any cell as the part that mixes time, the
norms without gains of their own. A network of blocks hears its input through an embedding with a bias.
"""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.linear import linear
from capacity_jax.cells.options import cell_with_options
from capacity_jax.cells.weights import normal_matrix

NORM_EPSILON = 1e-6
WEIGHTS = ("W_o", "W_gate", "W_up", "W_down")


@cell_with_options
def block(mixer: Cell, expansion: int = 1) -> Cell:
    """A cell whose step is a whole block.

    Args:
      mixer: the cell that mixes time, whose state and hyperparameters the block has.
      expansion: width of the MLP over that of the block.

    Example:
      >>> from capacity_jax import Network, block, gru
      >>> block(gru).name, Network(block(gru), n_in=32, n_hidden=8, n_out=1).n_params
      ('block(gru)', 945)
    """

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `mixer`: those of the cell; `W_o [n, n]`, `W_gate, W_up [n, e]`, `W_down [e, n]`, e = expansion·n.

        Raises:
          ValueError: n_in differs from n_hidden; the residual adds what comes out to what comes in.
        """
        if n_in != n_hidden:
            raise ValueError(f"n_in is {n_in}; a block needs as many inputs as units, {n_hidden}")
        mixer_key, *keys = jax.random.split(key, 5)
        wide = expansion * n_hidden
        sizes = (n_hidden, n_hidden), (n_hidden, wide), (n_hidden, wide), (wide, n_hidden)
        matrices = {name: normal_matrix(k, *size) for name, k, size in zip(WEIGHTS, keys, sizes, strict=True)}
        return {"mixer": mixer.init(mixer_key, n_in, n_hidden, hparams), **matrices}

    def initial_state(params):
        return mixer.initial_state(params["mixer"])

    def after_mixer(params, x, mixed):
        """R = x + W_o m;  y = r + W_down (SiLU(W_gate RMSNorm(r))⊙W_up RMSNorm(r))."""
        r = x + linear(params["W_o"], mixed)
        normed = rms_norm(r)
        gated = jax.nn.silu(linear(params["W_gate"], normed)) * linear(params["W_up"], normed)
        return r + linear(params["W_down"], gated)

    def step(params, state, x, *nonlinearity):
        """M = mixer(RMSNorm(x)), then as `after_mixer` tells."""
        state, mixed = mixer.step(params["mixer"], state, rms_norm(x), *nonlinearity)
        return state, after_mixer(params, x, mixed)

    def scan(params, state, xs, *nonlinearity):
        assert mixer.scan is not None
        mixed = mixer.scan(params["mixer"], state, jax.vmap(rms_norm)(xs), *nonlinearity)
        return jax.vmap(partial(after_mixer, params))(xs, mixed)

    def short_scan(params, state, xs, *nonlinearity):
        assert mixer.short_scan is not None
        mixed = mixer.short_scan(params["mixer"], state, [rms_norm(x) for x in xs], *nonlinearity)
        return [after_mixer(params, x, m) for x, m in zip(xs, mixed, strict=True)]

    return replace(
        mixer,
        init=init,
        initial_state=initial_state,
        step=step,
        scan=scan if mixer.scan else None,
        short_scan=short_scan if mixer.short_scan else None,
        square=True,
        input_bias=True,
        weights=None if mixer.weights is None else (*mixer.weights, *WEIGHTS),
    )


def rms_norm(x):
    """x/√(mean of x² + 1e-6)."""
    return x * jax.lax.rsqrt(jnp.mean(x * x, 0, keepdims=True) + NORM_EPSILON)
