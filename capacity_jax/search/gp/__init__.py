"""Gaussian-process search in JAX: proposals for whole batches of trials, and the Optuna sampler made of them."""

from capacity_jax.search.gp.propose import propose
from capacity_jax.search.gp.sampler import GPSampler

__all__ = ["GPSampler", "propose"]
