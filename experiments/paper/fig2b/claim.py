"""Claim 3: capacity rises with the first unrolled steps, then saturates."""

from functools import partial

import pandas as pd

from capacity_jax.results.best import best_table
from capacity_jax.stats import NOTHING, Interval, mean_or_nothing
from experiments.paper.selections import step_rows
from experiments.paper.verdict import Claim, Quantity


def by_steps(best: pd.DataFrame) -> pd.DataFrame:
    """Bits per parameter by network (rows) and number of steps (columns); only networks measured at all of them."""
    return best.pivot_table("score", ["cell", "depth", "units"], "n_steps").dropna()


def rise(table: pd.DataFrame, level: float = 0.95) -> Interval:
    """Bits per parameter at the most steps less those at the fewest, mean over networks."""
    return mean_or_nothing(table.iloc[:, -1] - table.iloc[:, 0], level) if table.shape[1] >= 3 else NOTHING


def last_ratio(table: pd.DataFrame, level: float = 0.95) -> Interval:
    """Bits per parameter at the most steps over those at the second most, mean over networks."""
    return mean_or_nothing(table.iloc[:, -1] / table.iloc[:, -2], level) if table.shape[1] >= 3 else NOTHING


SCOPE = "the networks measured at three numbers of steps or more, the same for all"
CLAIMS = (
    Claim(
        3,
        "Capacity rises with the number of unrolled steps for the first few steps, then saturates.",
        step_rows,
        lambda rows: by_steps(best_table(rows)),
        (
            Quantity(
                "rise in bits per parameter",
                "the mean of bits per parameter at the most steps less those at the fewest",
                SCOPE,
                lambda table: {"": partial(rise, table)},
                0,
            ),
            Quantity(
                "ratio of the last two",
                "the mean ratio of bits per parameter at the two largest numbers of steps",
                SCOPE,
                lambda table: {"": partial(last_ratio, table)},
                0.9,
                1.1,
            ),
        ),
        lambda table: f"Networks: {len(table)}; steps: {', '.join(f'{steps:g}' for steps in table.columns)}.",
    ),
)
