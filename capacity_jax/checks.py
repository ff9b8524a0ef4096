"""Checks of what a user passes in: each failure is one sentence with the field, the value and what is allowed."""

import numbers
from collections.abc import Iterable
from difflib import get_close_matches

import numpy as np
from jax.core import Tracer


def check_size(name: str, value, at_least: int = 1, at_most: int | None = 2**31 - 1) -> None:
    """Raises ValueError unless value is a whole number of at least `at_least` and, if that is given, `at_most`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} is {value!r}; it must be a whole number of at least {at_least}")
    if at_most is not None and int(value) > at_most:
        raise ValueError(f"{name} is {value!r}; it must be a whole number of at most {at_most}")


def check_finite(name: str, values) -> None:
    """Raises ValueError if concrete values hold NaN or infinity; traced values pass unseen."""
    if not isinstance(values, Tracer) and not np.all(np.isfinite(values)):
        raise ValueError(f"{name} holds NaN or infinite values; it must be finite")


def check_positive(name: str, value: float) -> None:
    """Raises ValueError unless value is a finite number above 0."""
    check_finite(name, value)
    if value <= 0:
        raise ValueError(f"{name} is {value}; it must be positive")


def unknown(kind: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a name that is none of those known, with the nearest of them or else all."""
    known = list(known)
    nearest = get_close_matches(name, known, 1) if isinstance(name, str) else []
    hint = f"did you mean {nearest[0]}?" if nearest else f"allowed: {', '.join(known) or 'none'}"
    return ValueError(f"{kind} {name!r} is unknown; {hint}")
