"""By how many bits a network shortens the code of what it learned (Morris et al. 2025, arXiv 2505.24832).

Who has the network codes each target with −log2 of the probability that the network gives it; who has not, with what
the prior costs: one bit for a fair label. What is saved is what the network holds about the targets. Mutual information
asks which answers are right, a code also how sure the network was of them.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax, nn
from jaxtyping import Array, Float

from capacity_jax.checks import check_size
from capacity_jax.estimators.mutual_information import check_labels
from capacity_jax.estimators.rate_distortion import gaussian_rate

# The temperature is sought among e^-30 to e^30 over the mean size of the logits, by so many halvings.
LOG_RANGE, HALVINGS = 30.0, 50


def code_bits(loss: float, b: float) -> float:
    """b·(1 − loss/ln 2): bits saved in the code of b fair labels by a network as it is, without calibration.

    Args:
      loss: mean cross-entropy of a label, in nats.
      b: number of labels.

    Returns:
      Bits: b at loss 0, 0 at the loss of guessing, ln 2, and below 0 for a network more sure than it is right. NaN of
      a network that has diverged.

    Raises:
      ValueError: loss or b is negative.

    Example:
      >>> from capacity_jax.estimators import code_bits
      >>> code_bits(loss=0.0, b=100)
      100.0
    """
    for name, value in (("loss", loss), ("b", b)):
        if value < 0:
            raise ValueError(f"{name} is {value}; it must not be negative")
    return b * (1 - loss / float(np.log(2)))


def calibration_bits(n: float) -> float:
    """log2(n)/2: what it costs to tell one real parameter that was fitted to n values (Rissanen 1978).

    Raises:
      ValueError: n is not at least 1.

    Example:
      >>> from capacity_jax.estimators import calibration_bits
      >>> calibration_bits(1024)
      5.0
    """
    if not n >= 1:
        raise ValueError(f"n is {n}; it must be at least 1")
    return 0.5 * float(np.log2(n))


def code_bits_from_logits(
    logits: Float[Array, "*batch b"], labels: Float[Array, "*batch b"], mask: Float[Array, "*batch b"] | None = None
) -> Float[Array, "*batch"]:
    """Bits saved in the code of binary labels after calibration, over the last axis.

    The probability of a label is σ(±β·logit), with the one inverse temperature β ≥ 0 that codes these labels best:

      b + max_β Σ log2 σ(±β·logit) − `calibration_bits(b)`.

    Args:
      logits: a positive one predicts label 1.
      labels: 0 or 1.
      mask: 1 where the entry counts, 0 where it is padding; by default all count.

    Returns:
      Bits: never above b, nor below −`calibration_bits(b)`. With it added they are exactly b where all answers are
      right, and the mutual information where all logits have one size, up to what a majority of wrong answers tells.

    Raises:
      ValueError: the shapes differ, a concrete array holds NaN, a label is neither 0 nor 1, or the mask admits none.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax.estimators import code_bits_from_logits
      >>> logits, labels = jnp.array([2.0, -1.0, 3.0, -0.5]), jnp.array([1.0, 0.0, 1.0, 0.0])
      >>> float(code_bits_from_logits(logits, labels))  # 4 labels, and 1 bit for the temperature
      3.0
    """
    logits, labels, mask = check_labels(logits, labels, mask)
    margins = jnp.where(labels > 0.5, logits, -logits)
    b = mask.sum(-1)
    scale = (jnp.abs(margins) * mask).sum(-1) / b
    scale = jnp.where(scale > 0, scale, 1.0)
    margins = margins / scale[..., None]

    # The cost is convex in β: it falls while the wrong answers weigh less than the right ones.
    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) / 2
        falls = jnp.sum(mask * margins * nn.sigmoid(-jnp.exp(middle)[..., None] * margins), -1) > 0
        return jnp.where(falls, middle, low), jnp.where(falls, high, middle)

    ends = jnp.full(b.shape, -LOG_RANGE), jnp.full(b.shape, LOG_RANGE)
    low, high = lax.fori_loop(0, HALVINGS, halve, ends)
    beta = jnp.exp((low + high) / 2)
    cost = jnp.sum(mask * nn.softplus(-beta[..., None] * margins), -1) / np.log(2)
    return b - cost - 0.5 * jnp.log2(b)


def gaussian_code_bits(error: float, n: int, variance: float = 1.0) -> float:
    """n·log2(variance/error)/2 − log2(n)/2: bits saved in the code of n real targets, to any common precision.

    The prior is Gaussian with the variance of the targets; the network's answer leaves a Gaussian of the variance
    `error`, which is fitted and told, at the cost of `calibration_bits(n)`. The first term is also the fewest bits
    that bring n Gaussian targets to this error, n·`gaussian_rate`. It is 0 where error >= variance: the prior is then
    the better code.

    Args:
      error: mean squared error.
      n: number of targets.
      variance: mean squared error of answering 0.

    Raises:
      ValueError: error or variance is not a finite positive number, or n not a whole number of at least 1.

    Example:
      >>> from capacity_jax.estimators import gaussian_code_bits
      >>> gaussian_code_bits(error=0.25, n=1024)
      1019.0
    """
    check_size("n", n)
    return n * gaussian_rate(error, variance) - calibration_bits(n)
