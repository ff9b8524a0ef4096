"""Projections with a bias, by name: what the modern cells are made of.

A bias on every projection, also where the published block has none: at a step that hears nothing a projection without
one is zero, and with it all that is multiplied by it.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from capacity_jax.cells.base import HParams, Params
from capacity_jax.cells.hyperparameters import SHARED, Hyperparameter
from capacity_jax.cells.linear import linear

INPUT_SCALE = {"input_scale": SHARED["input_scale"]}
# Biases of 0 would leave a matrix state unread where nothing is heard.
SCALES = INPUT_SCALE | {"bias_scale": Hyperparameter(1.0, range=(0.01, 2.0), log=True, at_least=0)}


def draw_affines(key: Key[Array, ""], n_in: int, sizes: Mapping[Any, Any], hparams: HParams) -> dict[str, Any]:
    """For each name a projection `{"W": [n_in, size], "b": [size]}`.

    Matrices have variance `input_scale`²/n_in, biases `bias_scale`², or 0 for a cell that has no such hyperparameter.
    """
    # One draw for all: each would take as long to compile.
    gaussian = jax.random.normal(key, (n_in + 1, sum(sizes.values())))
    ends = np.cumsum(list(sizes.values()))[:-1]
    return {
        name: {
            "W": hparams["input_scale"] * columns[:-1] / np.sqrt(n_in),
            "b": hparams.get("bias_scale", 0.0) * columns[-1],
        }
        for name, columns in zip(sizes, jnp.split(gaussian, ends, axis=1), strict=True)
    }


def affine(params: Params, x: Float[Array, "n_in *batch"]) -> Float[Array, "n_out *batch"]:
    """The projection W^T x + b."""
    return linear(params["W"], x) + params["b"]


def inverse_softplus(a: Float[Array, "..."]) -> Float[Array, "..."]:
    """The value whose softplus is a."""
    return a + jnp.log(-jnp.expm1(-a))
