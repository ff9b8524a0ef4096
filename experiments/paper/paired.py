"""Two cells compared size by size on rows of `best_table` of `per_cap`: what both measured under one budget."""

import numpy as np
import pandas as pd

from capacity_jax.stats import Interval, mean_or_nothing


def capacity_difference(best: pd.DataFrame, x: str, y: str, level: float = 0.95) -> Interval:
    """Bits per parameter of cell x less those of cell y: mean over the sizes at which both were measured."""
    of_x, of_y = _pairs(best, x, y)
    return mean_or_nothing(of_x - of_y, level)


def capacity_factor(best: pd.DataFrame, x: str, y: str, level: float = 0.95) -> Interval:
    """Factor on the number of parameters that gives cell x the capacity of cell y (Collins et al. 2017, Fig. 1i).

    Capacity is linear in the number of parameters, so the factor is y's bits per parameter over x's: geometric mean
    over the sizes at which both were measured, with the interval of the mean of logarithms.
    """
    of_x, of_y = _pairs(best, x, y)
    positive = (of_x > 0) & (of_y > 0)
    return Interval(*map(float, np.exp(mean_or_nothing(np.log(of_y[positive] / of_x[positive]), level))))


def _pairs(best, x, y):
    """Values of both cells by depth and budget, or by budget alone where they share no depth."""
    # Two budgets may buy the same width, and then hold the same measurement twice.
    rows = best.dropna(subset=["score", "budget"]).drop_duplicates(["cell", "depth", "parameters"])
    for key in (["depth", "budget"], ["budget"]):
        of_x, of_y = (rows[rows["cell"] == cell].groupby(key)["score"].mean() for cell in (x, y))
        both = of_x.index.intersection(of_y.index)
        if len(both):
            break
    return of_x[both].to_numpy(float), of_y[both].to_numpy(float)
