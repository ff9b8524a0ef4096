"""What was learned, in bits: mutual information, intervals over seeds, fits over sizes."""

from capacity_jax.estimators.intervals import Interval, mean_interval, slope_interval
from capacity_jax.estimators.mutual_information import (
    bits_per_parameter,
    mutual_information,
    mutual_information_from_logits,
)

__all__ = [
    "Interval",
    "bits_per_parameter",
    "mean_interval",
    "mutual_information",
    "mutual_information_from_logits",
    "slope_interval",
]
