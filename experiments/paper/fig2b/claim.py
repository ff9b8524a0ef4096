"""Claim 3: capacity rises with the first unrolled steps, then saturates."""

from functools import partial

import numpy as np
import pandas as pd

from capacity_jax.results.best import best_table
from capacity_jax.stats import mean_or_nothing
from experiments.paper.selections import step_rows
from experiments.paper.verdict import Claim, Estimate, Quantity


def by_steps(best: pd.DataFrame) -> pd.DataFrame:
    """Bits per parameter by network (rows) and number of steps (columns); only networks measured at all of them."""
    return best.pivot_table("score", ["cell", "depth", "units"], "n_steps").dropna()


def rises(best: pd.DataFrame) -> np.ndarray:
    """Bits per parameter at the most steps less those at the fewest, by network; none below three numbers of steps."""
    values = by_steps(best).to_numpy(float)
    return values[:, -1] - values[:, 0] if values.shape[1] >= 3 else np.array([])


def last_ratios(best: pd.DataFrame) -> np.ndarray:
    """Bits per parameter at the most steps over those at the second most, by network."""
    values = by_steps(best).to_numpy(float)
    return values[:, -1] / values[:, -2] if values.shape[1] >= 3 else np.array([])


def _rise(rows: pd.DataFrame) -> dict[str, Estimate]:
    return {"": partial(mean_or_nothing, rises(best_table(rows)))}


def _ratio(rows: pd.DataFrame) -> dict[str, Estimate]:
    return {"": partial(mean_or_nothing, last_ratios(best_table(rows)))}


def _counts(rows: pd.DataFrame) -> str:
    table = by_steps(best_table(rows))
    return f"Networks: {len(table)}; steps: {', '.join(f'{steps:g}' for steps in table.columns)}."


SCOPE = "the networks measured at three numbers of steps or more, the same for all"
CLAIMS = (
    Claim(
        3,
        "Capacity rises with the number of unrolled steps for the first few steps, then saturates.",
        step_rows,
        (
            Quantity(
                "rise in bits per parameter",
                "the mean of bits per parameter at the most steps less those at the fewest",
                SCOPE,
                _rise,
                0,
            ),
            Quantity(
                "ratio of the last two",
                "the mean ratio of bits per parameter at the two largest numbers of steps",
                SCOPE,
                _ratio,
                0.9,
                1.1,
            ),
        ),
        _counts,
    ),
)
