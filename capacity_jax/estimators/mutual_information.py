"""Mutual information between true and predicted binary labels (Collins et al. 2017, eq. 22)."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from jax.core import Tracer
from jaxtyping import Array, Float

from capacity_jax.checks import check_finite


def mutual_information(p: Float[Array, "..."], b: Float[Array, "..."]) -> Float[Array, "..."]:
    """I(Y; Ŷ) = b + b·(p·log2 p + (1−p)·log2(1−p)): bits that b predictions tell about b fair labels.

    Args:
      p: fraction of the labels predicted correctly, 0 to 1. Numbers and numpy arrays are taken in 64 bits, without
        JAX, which takes a thousand times as long for a single number.
      b: number of labels.

    Returns:
      Bits: exactly b at p = 1 and at p = 0 (every prediction reversed), exactly 0 at p = 1/2.

    Raises:
      ValueError: p is NaN or outside 0 to 1, or b is not finite or negative (checked where concrete).

    Example:
      >>> from capacity_jax.estimators import mutual_information
      >>> float(mutual_information(p=1.0, b=100)), float(mutual_information(p=0.5, b=100))
      (100.0, 0.0)
    """
    _check("p", p, 0, 1)
    _check("b", b, 0, np.inf)
    with_jax = isinstance(p, jax.Array) or isinstance(b, jax.Array)
    xp, special = (jnp, jax.scipy.special) if with_jax else (np, scipy.special)
    p, b = xp.asarray(p, float), xp.asarray(b, float)
    # Two forms of one function, each free of rounding where the other is not: at 0 and 1, and about 1/2.
    d = 2 * p - 1
    far = 1 - (special.entr(p) + special.entr(1 - p)) / np.log(2)
    near = (special.xlog1py(1 + d, d) + special.xlog1py(1 - d, -d)) / np.log(4)
    return b * xp.where(xp.abs(d) < 0.5, near, far)


def table_information(shares: Float[np.ndarray, "n k"]) -> float:
    """Bits that one of two things tells of the other, from the shares of all pairs of their values.

    Example:
      >>> import numpy as np
      >>> from capacity_jax.estimators import table_information
      >>> table_information(np.array([[0.5, 0.0], [0.0, 0.5]]))
      1.0
    """
    # Shares that are differences of means may be below 0 by a rounding.
    joint = np.clip(np.asarray(shares, float), 0, None)
    joint /= joint.sum()
    apart = joint.sum(1, keepdims=True) * joint.sum(0)
    return float(np.sum(scipy.special.rel_entr(joint, apart)) / np.log(2))


def class_information(p: float, n: int) -> float:
    """Bits that an answer tells at least of one of n equally frequent labels, if a share p of answers is right.

    log2 n − H(p) − (1 − p)·log2(n − 1), by Fano's inequality: exact where wrong answers are equally frequent. 0 at the
    share of guessing, and below it.

    Raises:
      ValueError: p does not lie between 0 and 1, or n is below 2.

    Example:
      >>> from capacity_jax.estimators import class_information
      >>> class_information(1.0, 8), class_information(1 / 8, 8)
      (3.0, 0.0)
    """
    _check("p", p, 0, 1)
    _check("n", n, 2, np.inf)
    if p <= 1 / n:
        return 0.0
    wrong = scipy.special.entr(p) + scipy.special.entr(1 - p) + (1 - p) * np.log(n - 1)
    return float((np.log(n) - wrong) / np.log(2))


def mutual_information_from_logits(
    logits: Float[Array, "*batch b"], labels: Float[Array, "*batch b"], mask: Float[Array, "*batch b"] | None = None
) -> Float[Array, "*batch"]:
    """Bits that the signs of logits tell about binary labels, over the last axis.

    Args:
      logits: a positive one predicts label 1.
      labels: 0 or 1.
      mask: 1 where the entry counts, 0 where it is padding; by default all count.

    Raises:
      ValueError: the shapes differ, a concrete array holds NaN, a label is neither 0 nor 1, or the mask admits none.

    Example:
      >>> import jax.numpy as jnp
      >>> from capacity_jax.estimators import mutual_information_from_logits
      >>> logits, labels = jnp.array([2.0, -1.0, 3.0, -0.5]), jnp.array([1.0, 0.0, 1.0, 0.0])
      >>> float(mutual_information_from_logits(logits, labels))
      4.0
    """
    logits, labels, mask = check_labels(logits, labels, mask)
    correct = ((logits > 0) == (labels > 0.5)) * mask
    b = mask.sum(-1)
    return mutual_information(correct.sum(-1) / b, b)


def check_labels(
    logits: Float[Array, "*batch b"], labels: Float[Array, "*batch b"], mask: Float[Array, "*batch b"] | None
) -> tuple[Float[Array, "*batch b"], Float[Array, "*batch b"], Float[Array, "*batch b"]]:
    """Logits, binary labels and mask as arrays, the mask all ones where there is none.

    Raises:
      ValueError: the shapes differ, a concrete array holds NaN, a label is neither 0 nor 1, or the mask admits none.
    """
    mask = jnp.ones(np.shape(labels)) if mask is None else mask
    if not np.shape(logits) == np.shape(labels) == np.shape(mask):
        raise ValueError(
            f"logits, labels and mask have shapes {np.shape(logits)}, {np.shape(labels)} and {np.shape(mask)}; "
            "they must be the same"
        )
    check_finite("logits", logits)
    check_finite("labels", labels)
    if not isinstance(labels, Tracer) and not np.all(np.isin(labels, (0, 1))):
        raise ValueError("labels hold other values than 0 and 1; they must be binary")
    if not isinstance(mask, Tracer) and not np.all(np.any(np.asarray(mask) > 0, -1)):
        raise ValueError("mask admits no label; at least one must count")
    return jnp.asarray(logits), jnp.asarray(labels), jnp.asarray(mask, float)


def bits_per_parameter(bits: float, n_params: int) -> float:
    """Stored bits over the number of trained values.

    Raises:
      ValueError: n_params is not positive.

    Example:
      >>> from capacity_jax.estimators import bits_per_parameter
      >>> bits_per_parameter(7_000, n_params=2_000)
      3.5
    """
    if n_params <= 0:
        raise ValueError(f"n_params is {n_params}; it must be positive")
    return bits / n_params


def _check(name, values, low, high):
    check_finite(name, values)
    if not isinstance(values, Tracer) and (np.min(values) < low or np.max(values) > high):
        raise ValueError(f"{name} is {values}; it must lie between {low} and {high}")
