"""Per-unit capacity: how much of a real vector a network hands back (Collins et al. 2017, Fig. 2c)."""

import numpy as np

from capacity_jax.checks import check_finite, check_positive, check_size


def subspace_error(n_hidden: int, n_in: int) -> float:
    """1 − min(n_hidden, n_in)/n_in: squared error per dimension of reconstructing a subspace of the input.

    The input has n_in uncorrelated dimensions of mean 0 and variance 1, so every subspace of n_hidden dimensions is as
    good as any other: what lies inside comes back exactly, what lies outside is answered with 0. A linear readout of
    n_hidden units per layer answers within such a subspace whatever their code, so no expected error is lower.

    Raises:
      ValueError: a size is not a whole number of at least 1.

    Example:
      >>> from capacity_jax.estimators import subspace_error
      >>> subspace_error(n_hidden=16, n_in=64)
      0.75
    """
    check_size("n_hidden", n_hidden)
    check_size("n_in", n_in)
    return 1 - min(n_hidden, n_in) / n_in


def values_recalled(error: float, n_in: int, variance: float = 1.0) -> float:
    """n_in·(1 − error/variance): the number of values that, recalled exactly, would leave this error.

    Args:
      error: squared error per dimension.
      n_in: dimensions of the input.
      variance: squared error per dimension of answering 0, best measured on the same inputs.

    Returns:
      n_in at error 0, exactly 0 at error = variance, and below 0 for a network that does worse than answering 0:
      cutting it off there would bias means over networks that recall little.

    Raises:
      ValueError: a number is not finite or of the wrong sign, or n_in is not a whole number of at least 1.

    Example:
      >>> from capacity_jax.estimators import values_recalled
      >>> values_recalled(error=0.75, n_in=64)
      16.0
    """
    check_size("n_in", n_in)
    _check_error(error)
    check_positive("variance", variance)
    return n_in * (1 - error / variance)


def error_ratio(error: float, n_hidden: int, n_in: int) -> float:
    """Measured error over `subspace_error`: 1 on the reference curve, above it for a network that does worse.

    It is NaN where n_hidden >= n_in, whose reference is 0: such an error is to be read as it is.

    Raises:
      ValueError: a size is not a whole number of at least 1, or error is not a finite number of at least 0.

    Example:
      >>> from capacity_jax.estimators import error_ratio
      >>> error_ratio(error=0.9, n_hidden=16, n_in=64)
      1.2
    """
    _check_error(error)
    reference = subspace_error(n_hidden, n_in)
    return error / reference if reference > 0 else float(np.nan)


def _check_error(error):
    check_finite("error", error)
    if error < 0:
        raise ValueError(f"error is {error}; it must not be negative")
