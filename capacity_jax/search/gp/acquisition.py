"""Expected improvement over the best of what is known and of what is pending.

Ament et al., Unexpected improvements to expected improvement for Bayesian optimization, 2023: in logarithms, so that it
has a gradient where it is tiny.
"""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp, ndtr

LOG_ROOT_2PI = math.log(2 * math.pi) / 2

# Below it φ(z) + z Φ(z) comes from its asymptotic series, right to eleven digits there.
FAR = -30.0


def log_improvement(z: jax.Array) -> jax.Array:
    """Logarithm of φ(z) + z Φ(z): by how much a normal variable of mean z and variance 1 is expected to exceed 0."""
    # Each branch sees only numbers it can take, so that no gradient is lost to the other's overflow.
    near, far = jnp.maximum(z, FAR), jnp.minimum(z, FAR)
    series = jnp.polyval(jnp.array([945.0, -105.0, 15.0, -3.0, 1.0]), 1 / (far * far))
    return jnp.where(
        z > FAR,
        jnp.log(jnp.exp(-near * near / 2 - LOG_ROOT_2PI) + near * ndtr(near)),
        jnp.log(series) - 2 * jnp.log(-far) - far * far / 2 - LOG_ROOT_2PI,
    )


def log_ei(mean: jax.Array, variance: jax.Array, best: jax.Array) -> jax.Array:
    """Logarithm of the expected improvement, averaged over samples of what the pending trials will return.

    Args:
      mean: of each point under each sample, [points, samples].
      variance: of each point, [points].
      best: value to improve upon under each sample, [samples].

    Returns:
      One logarithm per point, [points].
    """
    deviation = jnp.sqrt(variance)[:, None]
    improvements = log_improvement((mean - best[None]) / deviation) + jnp.log(deviation)
    return logsumexp(improvements, axis=1) - jnp.log(len(best))
