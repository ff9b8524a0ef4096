"""Checks of what a user passes in: each failure is one sentence with the field, the value and what is allowed."""

import numbers

import numpy as np
from jax.core import Tracer


def check_size(name: str, value, at_least: int = 1) -> None:
    """Raises ValueError unless value is a whole number of at least `at_least`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} is {value!r}; it must be a whole number of at least {at_least}")


def check_finite(name: str, values) -> None:
    """Raises ValueError if concrete values hold NaN or infinity; traced values pass unseen."""
    if not isinstance(values, Tracer) and not np.all(np.isfinite(values)):
        raise ValueError(f"{name} holds NaN or infinite values; it must be finite")
