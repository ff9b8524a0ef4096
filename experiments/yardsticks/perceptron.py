"""The perceptron: Cover's function, an exact solver, and the perceptron as a cell that our trainer can train."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import stats
from scipy.optimize import linprog

from capacity_jax.cells import Cell

# Margins of separable patterns, with weights up to 1, are far larger.
NO_MARGIN = 1e-7


def cover_share(n_patterns: int, n_weights: int) -> float:
    """2^(1−P)·Σ_{k<N} C(P−1, k): the share of all labellings of P patterns that N weights can give without error.

    It is 1 up to P = N, and 1/2 at P = 2N. Summed over all P it is 2N: so many patterns, one after another, are learned
    on average before the first that cannot be added. The patterns are in general position.

    References:
      Cover 1965, Geometrical and statistical properties of systems of linear inequalities.

    Example:
      >>> from experiments.yardsticks.perceptron import cover_share
      >>> cover_share(n_patterns=100, n_weights=50)
      0.5
    """
    return float(stats.binom.cdf(n_weights - 1, n_patterns - 1, 0.5))


def is_separable(patterns: Float[np.ndarray, "n_patterns n_weights"]) -> bool:
    """Whether some weights w give w·x > 0 for all patterns x, each multiplied by its label of ±1.

    A linear program finds the weights between −1 and 1 of the largest margin: 0 if there are none.
    """
    n_patterns, n_weights = patterns.shape
    found = linprog(
        np.append(np.zeros(n_weights), -1.0),
        A_ub=np.hstack([-patterns, np.ones((n_patterns, 1))]),
        b_ub=np.zeros(n_patterns),
        bounds=[(-1, 1)] * n_weights + [(None, 1)],
        method="highs-ds",
    )
    if found.status != 0:
        raise RuntimeError(f"the linear program has found no optimum: {found.message}")
    return -found.fun > NO_MARGIN


def largest_prefixes(
    are_learned: Callable[[Int[np.ndarray, " draws"]], Bool[np.ndarray, " draws"]], n_draws: int, most: int
) -> Int[np.ndarray, " draws"]:
    """For each draw of patterns the largest P ≤ `most` whose first P patterns are learned; it is at least 1.

    By halving, which supposes that what is learned with more patterns is learned with fewer.

    Args:
      are_learned: tells for a number of patterns of each draw whether they are learned.
      n_draws: number of draws.
      most: patterns of each draw.
    """
    learned, not_learned = np.ones(n_draws, int), np.full(n_draws, most + 1)
    while np.any(not_learned - learned > 1):
        middle = (learned + not_learned) // 2
        are = are_learned(middle)
        learned, not_learned = np.where(are, middle, learned), np.where(are, not_learned, middle)
    return learned


def exact_capacities(patterns: Float[np.ndarray, "draws n_patterns n_weights"]) -> Int[np.ndarray, " draws"]:
    """How many patterns of each draw, from its first on, some weights learn without error.

    Patterns bear their labels as signs.
    """
    n_draws, n_patterns, _ = patterns.shape
    return largest_prefixes(
        lambda sizes: np.array([is_separable(draw[:n]) for draw, n in zip(patterns, sizes, strict=True)]),
        n_draws,
        n_patterns,
    )


def _init(key, n_in, n_hidden, hparams):
    if n_in != n_hidden:
        raise ValueError(f"n_in is {n_in}; the perceptron needs as many inputs as units, {n_hidden}")
    return {}


# Of one step, and without a parameter of its own: what learns is the network's readout with its bias.
perceptron = Cell("perceptron", _init, lambda params: (), lambda params, state, x: (state, x), batch_last=True)
