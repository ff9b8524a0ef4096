"""Claim 5: the loss follows the number of parameters."""

from functools import partial

import numpy as np
import pandas as pd

from capacity_jax.results.best import best_table, score_of
from experiments.paper.verdict import Claim, Part, judge
from experiments.paper.paired import mean_or_nothing
from experiments.paper.selections import of_task

# Residuals say something once the line through them has this many points to miss.
MIN_POINTS = 6


def claim_5(trials: pd.DataFrame) -> Claim:
    """On text8 and RCF the loss is set by the number of parameters, and the cells lie close together.

    Judged on each task's best settings. One line through all of them, against the logarithm of the number of
    parameters, misses them by less than one against the logarithm of units: the mean over them of the difference of
    absolute residuals lies above 0. And at each depth and budget the range over cells, over the range of all means over
    cells, is less than 1/2 on average.
    """
    parts = []
    for task in ("text8", "rcf"):
        best = best_table(of_task(trials, task))
        score = score_of(task)
        best = best.dropna(subset=score)
        parts.append(
            Part(f"{task}, misses by units less by parameters", partial(mean_or_nothing, _gain(best, score)), 0)
        )
        spread = partial(mean_or_nothing, _spreads(best, score))
        parts.append(Part(f"{task}, range of cells over range of sizes", spread, 0, 0.5))
    return Claim(
        5,
        "On text8 and random continuous functions the loss is set by the number of parameters, not of units, and all "
        "architectures lie close together.",
        "the mean difference of absolute residuals around one line against log units and one against log parameters "
        "lies above 0, and the range over cells at a depth and budget is less than half the range over sizes.",
        *judge(parts),
    )


def _gain(best, score):
    if len(best) < MIN_POINTS:
        return []
    by_units, by_parameters = (
        np.abs(_residuals(np.log(best[size].to_numpy(float)), best[score].to_numpy(float)))
        for size in ("units", "parameters")
    )
    return by_units - by_parameters


def _residuals(x, y):
    return y - np.polyval(np.polyfit(x, y, 1), x)


def _spreads(best, score):
    cells = best.groupby(["depth", "budget"])[score]
    if cells.ngroups < 2:
        return []
    several = cells.filter(lambda values: len(values) > 1)
    ranges = several.groupby([best["depth"], best["budget"]]).agg(np.ptp)
    return ranges / np.ptp(cells.mean())
