"""Hopfield's memory, a sum of outer products, read once: its information in closed form and as our estimator has it."""

import jax.numpy as jnp
import numpy as np
from scipy import stats

from capacity_jax.estimators import mutual_information, mutual_information_from_logits


def hebbian_bits_per_weight(n_patterns: int, n_units: int) -> float:
    """2P·I/(N − 1), I the information of one bit that comes back right with probability Φ(√((N − 1)/(P − 1))).

    A unit's field is (N − 1) times its bit, with a noise of variance (N − 1)(P − 1) of the other patterns
    (Hopfield 1982). The N(N − 1)/2 distinct weights hold P·N bits. As P grows the value rises to 2/(π ln 2) = 0.92.
    """
    right = stats.norm.cdf(np.sqrt((n_units - 1) / (n_patterns - 1)))
    return 2 * n_patterns * float(mutual_information(jnp.asarray(right), jnp.asarray(1.0))) / (n_units - 1)


def hebbian_bits_per_weight_measured(n_patterns: int, n_units: int, seed: int) -> float:
    """The same of one memory made of random patterns, by the estimator that measures networks."""
    patterns = np.random.default_rng(seed).choice([-1.0, 1.0], (n_patterns, n_units))
    weights = patterns.T @ patterns - n_patterns * np.eye(n_units)
    fields = jnp.asarray((patterns @ weights).ravel())
    bits = mutual_information_from_logits(fields, jnp.asarray(patterns.ravel() > 0, float))
    return float(bits) / (n_units * (n_units - 1) / 2)
