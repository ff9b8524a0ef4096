"""Numbers and networks as a reader wants them."""

import numpy as np

from capacity_jax.stats.intervals import Interval

# Cells whose name in the literature is no identifier.
SYMBOLS = {"intersection": "+RNN", "gru_reset_after": "GRU (reset after)"}


def in_words(interval: Interval, unit: str = "") -> str:
    """An estimate and its bounds to two decimals, small ones to two digits; or that they are missing.

    Example:
      >>> from capacity_jax.results.formatting import in_words
      >>> from capacity_jax.stats import Interval
      >>> in_words(Interval(4.1, 3.9, 4.3), "bits")
      '4.10 [3.90, 4.30] bits'
    """
    if np.isnan(interval.value):
        return "not measured"
    bounds = "(no interval)" if np.isnan(interval.low) else f"[{_digits(interval.low)}, {_digits(interval.high)}]"
    return f"{_digits(interval.value)} {bounds} {unit}".rstrip()


def network_label(network: tuple[str, int]) -> str:
    """How figures and tables name a cell and its depth.

    Example:
      >>> from capacity_jax.results.formatting import network_label
      >>> network_label(("gru", 2)), network_label(("intersection", 1))
      ('GRU, depth 2', '+RNN')
    """
    cell, depth = network
    name = SYMBOLS.get(cell, cell.upper() if cell.islower() else cell)
    return name if depth == 1 else f"{name}, depth {depth}"


def _digits(value):
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"
