"""What was learned, in bits: mutual information, code length, rate-distortion, recall."""

from capacity_jax.estimators.code_length import (
    calibration_bits,
    code_bits,
    code_bits_from_logits,
    gaussian_code_bits,
)
from capacity_jax.estimators.mutual_information import (
    bits_per_parameter,
    class_information,
    mutual_information,
    mutual_information_from_logits,
    table_information,
)
from capacity_jax.estimators.rate_distortion import gaussian_rate, weighted_gaussian_bits
from capacity_jax.estimators.recall import error_ratio, subspace_error, values_recalled

__all__ = [
    "bits_per_parameter",
    "calibration_bits",
    "class_information",
    "code_bits",
    "code_bits_from_logits",
    "error_ratio",
    "gaussian_code_bits",
    "gaussian_rate",
    "mutual_information",
    "mutual_information_from_logits",
    "subspace_error",
    "table_information",
    "values_recalled",
    "weighted_gaussian_bits",
]
