"""Projections of low rank with a bias."""

from collections.abc import Callable

import jax
from jaxtyping import Array, Float, Key

from capacity_jax.cells.base import HParams, Params
from capacity_jax.cells.linear import linear
from capacity_jax.cells.weights import normal_matrix


def draw_low_rank(key: Key[Array, ""], n_in: int, rank: int, n_out: int, hparams: HParams) -> Params:
    """`{"W_1": [n_in, rank], "W_2": [rank, n_out], "b": [n_out]}`, scaled as `draw_affines` does."""
    down_key, up_key, bias_key = jax.random.split(key, 3)
    return {
        "W_1": hparams["input_scale"] * normal_matrix(down_key, n_in, rank),
        "W_2": normal_matrix(up_key, rank, n_out),
        "b": hparams["bias_scale"] * jax.random.normal(bias_key, (n_out,)),
    }


def low_rank(
    params: Params, x: Float[Array, "n_in *batch"], between: Callable = lambda a: a
) -> Float[Array, "n_out *batch"]:
    """W_2^T between(W_1^T x) + b."""
    return linear(params["W_2"], between(linear(params["W_1"], x))) + params["b"]
