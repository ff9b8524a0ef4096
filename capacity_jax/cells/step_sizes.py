"""Step sizes Δ of state spaces in continuous time, as they start."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from capacity_jax.cells.base import HParams
from capacity_jax.cells.hyperparameters import Hyperparameter

# The published range, 0.001 to 0.1, writes next to nothing in a single step.
STEP_SIZE = {"step_size": Hyperparameter(0.1, range=(0.01, 1.0), log=True, above=0)}


def draw_step_sizes(key: Key[Array, ""], n: int, hparams: HParams) -> Float[Array, " n"]:
    """Log-uniform between a hundredth of `step_size` and all of it."""
    return hparams["step_size"] * jnp.exp(jax.random.uniform(key, (n,), minval=jnp.log(0.01), maxval=0.0))
