"""The benchmark's results: a row for each contender, and how far ahead of the peers the population is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.work import Contender, Work

TORCH = "torch"


def rows(work: Work, contenders: Sequence[Contender], speeds: np.ndarray, peak: float) -> list[dict[str, Any]]:
    """One row for each contender.

    Args:
      work: what they did.
      contenders: the population first.
      speeds: run-steps per second `[repeats, contenders]`.
      peak: the machine's floating-point operations per second in matrix products.

    Returns:
      The median speed with the smallest and the largest; `times`, the population's speed over the contender's, the
      median of the ratios within a repeat; useful operations per second, in units of 10^9 and as a share of the peak.
    """
    return [
        {
            "cell": work.cell,
            "units": work.units,
            "batch": work.batch,
            "parameters": contender.n_params,
            "contender": contender.name,
            "members": contender.members,
            "steps_per_s": float(np.median(own)),
            "low": float(own.min()),
            "high": float(own.max()),
            "times": float(np.median(speeds[:, 0] / own)),
            "gflop_per_s": float(np.median(own)) * work.flops / 1e9,
            "peak_%": float(100 * np.median(own) * work.flops / peak),
            "memory_MB": contender.peak_bytes() / 1e6,
            "compile_s": contender.compile_seconds,
        }
        for contender, own in zip(contenders, speeds.T, strict=True)
    ]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """How many times as fast as each peer the population is, of PyTorch's the fastest, and its share of the peak."""
    peers = table["contender"].where(~table["contender"].str.startswith(TORCH), f"{TORCH}, fastest")
    work = ["cell", "units", "batch"]
    times = table.assign(peer=peers).pivot_table("times", work, "peer", aggfunc="min", sort=False)
    ours = table.iloc[table.groupby(work, sort=False).head(1).index].set_index(work)
    return times.drop(columns=ours["contender"].iloc[0]).add_prefix("times ").join(ours["peak_%"]).reset_index()


def as_text(table: pd.DataFrame) -> str:
    """The table for a terminal: three digits, all of a whole number."""
    return table.to_string(index=False, float_format=lambda value: f"{value:.0f}" if value >= 100 else f"{value:.3g}")
