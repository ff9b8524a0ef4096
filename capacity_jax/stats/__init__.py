"""Estimates with their uncertainty: means, slopes, proportions and ranks, thin over scipy."""

from capacity_jax.stats.intervals import (
    NOTHING,
    Interval,
    mean_difference,
    mean_interval,
    mean_or_nothing,
    pooled_slope_interval,
)
from capacity_jax.stats.proportions import share_difference, share_interval
from capacity_jax.stats.rank_tests import median_interval, superiority_interval

__all__ = [
    "NOTHING",
    "Interval",
    "mean_difference",
    "mean_interval",
    "mean_or_nothing",
    "median_interval",
    "pooled_slope_interval",
    "share_difference",
    "share_interval",
    "superiority_interval",
]
