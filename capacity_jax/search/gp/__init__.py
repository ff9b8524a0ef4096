"""Gaussian-process search in JAX: proposals for whole batches of trials, and the Optuna sampler made of them."""

from capacity_jax.search.gp.propose import propose
from capacity_jax.search.gp.sampler import GPSampler
from capacity_jax.search.gp.worker import Worker

__all__ = ["GPSampler", "Worker", "propose"]
