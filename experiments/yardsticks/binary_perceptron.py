"""The perceptron whose weights are −1 or 1: all of them tried."""

import numpy as np
from jaxtyping import Float, Int

# Patterns that a binary weight holds in the limit of many weights (Krauth & Mézard 1989).
LIMIT = 0.833


def binary_capacity(patterns: Int[np.ndarray, "n_patterns n_weights"]) -> int:
    """How many patterns, from the first on, some weights of −1 and 1 give w·x > 0.

    Args:
      patterns: of −1 and 1, with their labels as signs; the number of weights is odd, so that no product is 0.

    Raises:
      ValueError: the number of weights is even or above 32, or they give even the last pattern.
    """
    n_weights = patterns.shape[1]
    if n_weights % 2 == 0 or n_weights > 32:
        raise ValueError(f"patterns have {n_weights} values; allowed: an odd number up to 31")
    words = (patterns > 0) @ (1 << np.arange(n_weights))
    left = np.arange(2**n_weights, dtype=np.uint32)
    for n_learned, word in enumerate(words.astype(np.uint32)):
        # Bits that differ are products of −1.
        left = left[np.bitwise_count(left ^ word) < n_weights / 2]
        if not len(left):
            return n_learned
    raise ValueError(f"some weights give all {len(words)} patterns; more are needed")


def binary_capacities(n_weights: int, n_draws: int, seed: int = 0) -> Float[np.ndarray, " draws"]:
    """`binary_capacity` of independent draws of random patterns."""
    rng = np.random.default_rng([seed, n_weights])
    draws = rng.choice([-1, 1], (n_draws, 4 * n_weights, n_weights))
    return np.array([binary_capacity(draw) for draw in draws], float)
