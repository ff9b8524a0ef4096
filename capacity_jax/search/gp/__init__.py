"""Gaussian-process search in JAX: proposals for whole batches of trials, and the Optuna sampler made of them."""

from capacity_jax.search.gp.propose import N_STARTUP_TRIALS, propose
from capacity_jax.search.gp.proposer import Proposer
from capacity_jax.search.gp.sampler import GPSampler

__all__ = ["N_STARTUP_TRIALS", "GPSampler", "Proposer", "propose"]
