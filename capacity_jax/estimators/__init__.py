"""What was learned: mutual information, rate-distortion, recall, intervals over seeds, fits over sizes."""

from capacity_jax.estimators.intervals import Interval, mean_interval, slope_interval
from capacity_jax.estimators.mutual_information import (
    bits_per_parameter,
    mutual_information,
    mutual_information_from_logits,
)
from capacity_jax.estimators.ranks import median_interval, superiority_interval
from capacity_jax.estimators.rate_distortion import gaussian_rate, weighted_gaussian_bits
from capacity_jax.estimators.recall import error_ratio, subspace_error, values_recalled
from capacity_jax.estimators.shares import share_difference, share_interval

__all__ = [
    "Interval",
    "bits_per_parameter",
    "error_ratio",
    "gaussian_rate",
    "mean_interval",
    "median_interval",
    "mutual_information",
    "mutual_information_from_logits",
    "share_difference",
    "share_interval",
    "slope_interval",
    "subspace_error",
    "superiority_interval",
    "values_recalled",
    "weighted_gaussian_bits",
]
