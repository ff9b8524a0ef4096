"""Claim 5: on text and on random continuous functions the loss follows the number of parameters."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from capacity_jax.results.best import best_table
from capacity_jax.stats import mean_or_nothing
from experiments.paper.selections import of_task
from experiments.paper.verdict import Claim, Estimate, Quantity

TASKS = ("text8", "rcf")
# Residuals say something once the line through them has this many points to miss.
MIN_POINTS = 6


def gains(best: pd.DataFrame) -> np.ndarray:
    """By how much one line over log units misses each network's score more than one over log parameters."""
    best = best.dropna(subset="score")
    if len(best) < MIN_POINTS:
        return np.array([])
    score = best["score"].to_numpy(float)
    sizes = [np.log(best[size].to_numpy(float)) for size in ("units", "parameters")]
    by_units, by_parameters = (np.abs(score - np.polyval(np.polyfit(x, score, 1), x)) for x in sizes)
    return by_units - by_parameters


def spreads(best: pd.DataFrame) -> np.ndarray:
    """At each depth and budget the range over cells, over the range of all means over cells."""
    best = best.dropna(subset="score")
    sizes = best.groupby(["depth", "budget"])["score"]
    if sizes.ngroups < 2:
        return np.array([])
    several = sizes.filter(lambda values: len(values) > 1)
    ranges = several.groupby([best["depth"], best["budget"]]).agg(np.ptp)
    return ranges.to_numpy(float) / np.ptp(np.asarray(sizes.mean(), float))


def _means(numbers: Callable[[pd.DataFrame], np.ndarray]) -> Callable[[pd.DataFrame], dict[str, Estimate]]:
    return lambda best: {task: partial(mean_or_nothing, numbers(of_task(best, task))) for task in TASKS}


CLAIMS = (
    Claim(
        5,
        "On text8 and random continuous functions the loss is set by the number of parameters, not of units, and all "
        "architectures lie close together.",
        lambda records: of_task(records, *TASKS),
        best_table,
        (
            Quantity(
                "misses by units less by parameters",
                "the mean, over best settings, of the absolute residual around one line through all of them against "
                "log units less that around one against log parameters",
                "each task",
                _means(gains),
                0,
            ),
            Quantity(
                "range of cells over range of sizes",
                "the mean, over depths and budgets, of the range over cells, over the range of the cells' means over "
                "sizes",
                "each task",
                _means(spreads),
                high=0.5,
            ),
        ),
    ),
)
