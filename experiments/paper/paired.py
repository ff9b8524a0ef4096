"""Two cells compared size by size on what the best settings of `per_cap` measured under one budget."""

import numpy as np
import pandas as pd

from capacity_jax.results.best import measurements
from capacity_jax.stats import NOTHING, Interval, mean_difference
from experiments.paper.selections import matching


def one_study_each(rows: pd.DataFrame) -> pd.DataFrame:
    """The trials of the best settings in a table of trials; where several studies measured the same, of the first.

    Two budgets may buy the same width, and two figures measure the same network at one number of steps.
    """
    best = measurements(rows)
    best = best.loc[np.isfinite(best["score"].to_numpy(float))]
    first = best.groupby(["cell", "depth", "parameters", "n_steps"])["study"].transform("first")
    return best.loc[best["study"].to_numpy() == first.to_numpy()]


def capacity_difference(best: pd.DataFrame, x: str, y: str, level: float = 0.95) -> Interval:
    """Bits per parameter of cell x less those of cell y: mean over the sizes at which both were measured.

    Args:
      best: a row for each seed, as `one_study_each` gives them.
      x: name of a cell.
      y: name of another.
      level: of the interval, which comes from the spread over seeds at each size.
    """
    of_x, of_y = _sizes(best, x, y)
    return mean_difference(of_x, of_y, level) if of_x else NOTHING


def capacity_factor(best: pd.DataFrame, x: str, y: str, level: float = 0.95) -> Interval:
    """Factor on the number of parameters that gives cell x the capacity of cell y (Collins et al. 2017, Fig. 1i).

    Capacity is linear in the number of parameters, so the factor is y's bits per parameter over x's: geometric mean
    over the sizes at which both were measured, with the interval of the mean of logarithms. Arguments as of
    `capacity_difference`.
    """
    positive = best.loc[best["score"] > 0]
    logs = positive.assign(score=np.log(positive["score"].to_numpy(float)))
    return Interval(*map(float, np.exp(capacity_difference(logs, y, x, level))))


def _sizes(best, x, y):
    """For each depth and budget, or for each budget where they share no depth, the scores of both cells."""
    rows = best.dropna(subset=["budget"])
    for key in (["depth", "budget"], ["budget"]):
        of_x, of_y = (dict(list(matching(rows, cell=cell).groupby(key)["score"])) for cell in (x, y))
        both = of_x.keys() & of_y.keys()
        if both:
            break
    return [of_x[size] for size in both], [of_y[size] for size in both]
