"""Squared errors in bits: the Gaussian rate-distortion function, of one sample and of a weighted data set."""

import numpy as np
from jaxtyping import Float

from capacity_jax.checks import check_finite, check_positive


def gaussian_rate(error: float, variance: float = 1.0) -> float:
    """R(D) = max(0, log2(variance/error)/2): the fewest bits per sample that allow this squared error.

    Args:
      error: mean squared error D.
      variance: mean squared error of answering 0.

    References:
      Cover & Thomas, Elements of Information Theory, theorem 10.3.2.

    Raises:
      ValueError: error or variance is not a finite positive number.

    Example:
      >>> from capacity_jax.estimators import gaussian_rate
      >>> gaussian_rate(error=0.25)
      1.0
    """
    check_positive("error", error)
    check_positive("variance", variance)
    return max(0.0, 0.5 * float(np.log2(variance / error)))


def weighted_gaussian_bits(error: float, weights: Float[np.ndarray, " n"], variance: float = 1.0) -> float:
    r"""The fewest bits that any code needs to bring a set of Gaussian targets to this weighted squared error.

    The error is D = Σ w_i·E[(y_i − ŷ_i)²] / Σ w_i. Bits are spent best by reverse water-filling, where every
    sample that is told at all keeps the same weighted error θ:

      R(D) = Σ_i max(0, log2(w_i·variance/θ)/2),  with θ such that  Σ_i min(θ, w_i·variance) = D·Σ w_i.

    The targets are assumed independent of each other and of the inputs, Gaussian, of mean 0 and of one variance;
    nothing is assumed about how the network spreads its error. So the bits bound from below the information that it
    holds about the targets, I(y; ŷ) ≥ R(D). For equal weights this is n·`gaussian_rate`. The shorter rule, an effective
    number of samples (Σw)²/Σw² times `gaussian_rate`, is no bound: it supposes one particular spread.

    Args:
      error: weighted mean squared error D.
      weights: `[n]`, the weight of each sample, in any order.
      variance: weighted mean squared error of answering 0.

    Returns:
      Bits, over all samples together; 0 where error >= variance.

    References:
      Cover & Thomas, Elements of Information Theory, theorem 10.3.3, applied to the sources √w_i·y_i.

    Raises:
      ValueError: error or variance is not a finite positive number, or weights are not positive and finite.

    Example:
      >>> from capacity_jax.estimators import weighted_gaussian_bits
      >>> round(weighted_gaussian_bits(error=0.25, weights=[1.0] * 100), 6)
      100.0
    """
    check_positive("error", error)
    check_positive("variance", variance)
    weights = np.sort(np.asarray(weights, float).ravel())[::-1]
    check_finite("weights", weights)
    if len(weights) == 0 or weights[-1] <= 0:
        raise ValueError(f"weights are {weights}; there must be at least one, and all must be positive")
    if error >= variance:
        return 0.0
    # In units of the variance. If the k heaviest samples are told, θ_k is the k-th part of the error that the
    # untold ones leave over; the right k is the last whose lightest told sample lies above its θ_k.
    so_far = np.cumsum(weights)
    left = error / variance * so_far[-1] - (so_far[-1] - so_far)
    thetas = left / np.arange(1, len(weights) + 1)
    k = max(1, np.count_nonzero(thetas < weights))
    return max(0.0, 0.5 * float(np.sum(np.log2(weights[:k] / thetas[k - 1]))))
