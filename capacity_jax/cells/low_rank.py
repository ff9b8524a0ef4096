"""Projections of low rank with a bias."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from capacity_jax.cells.base import HParams, Params
from capacity_jax.cells.linear import linear


def draw_low_rank(key: Key[Array, ""], n_in: int, rank: int, n_out: int, hparams: HParams) -> Params:
    """`{"W_1": [n_in, rank], "W_2": [rank, n_out], "b": [n_out]}`, scaled as `draw_affines` does."""
    gaussian = jax.random.normal(key, (n_in * rank + rank * n_out + n_out,))
    down, up, b = jnp.split(gaussian, np.cumsum([n_in * rank, rank * n_out]))
    return {
        "W_1": hparams["input_scale"] * down.reshape(n_in, rank) / np.sqrt(n_in),
        "W_2": up.reshape(rank, n_out) / np.sqrt(rank),
        "b": hparams["bias_scale"] * b,
    }


def low_rank(
    params: Params, x: Float[Array, "n_in *batch"], between: Callable = lambda a: a
) -> Float[Array, "n_out *batch"]:
    """W_2^T between(W_1^T x) + b."""
    return linear(params["W_2"], between(linear(params["W_1"], x))) + params["b"]
